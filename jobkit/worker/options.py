"""How a worker works."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from jobkit.errors import ConfigurationError

MOST = 100_000
"""Jobs at a time."""


class Stated(TypedDict, total=False):
    """What may be said of a worker: the fields of `Options`."""

    queues: Sequence[str] | None
    weights: Mapping[str, int] | None
    concurrency: int
    threads: int | None
    children: int | None
    lease: float
    grace: float
    wait: float
    max_jobs: int | None
    max_memory: int | None
    ready_file: Path | None
    live_file: Path | None
    schedules: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How a worker works. Times are seconds.

    ``queues``: in this order, all due jobs of an earlier one first; None: all that the app knows. ``weights``: by
    queue, how often it comes first instead; those that are not named have 1.
    ``concurrency``: jobs at a time. ``threads``: of these, how many plain functions (None: all). ``children``: of
    these, how many isolated ones, each in a process of its own (None: one a processor).
    ``lease``: how long a job is kept from others when this worker is lost. ``grace``: how long running jobs may go on
    once the worker is asked to stop. ``wait``: the longest that one reserve waits.
    ``max_jobs``, ``max_memory`` (MiB): `Worker.run` ends once so many executions have ended, or so much is used.
    ``ready_file``: exists while the worker can take jobs. ``live_file``: its event loop touches it every few seconds.
    ``schedules``: it enqueues what recurs.
    """

    queues: Sequence[str] | None = None
    weights: Mapping[str, int] | None = None
    concurrency: int = 50
    threads: int | None = None
    children: int | None = None
    lease: float = 30.0
    grace: float = 25.0
    wait: float = 5.0
    max_jobs: int | None = None
    max_memory: int | None = None
    ready_file: Path | None = None
    live_file: Path | None = None
    schedules: bool = True

    def __post_init__(self) -> None:
        if self.queues is not None:
            object.__setattr__(self, "queues", tuple(self.queues))
        if type(self.concurrency) is not int or not 1 <= self.concurrency <= MOST:
            raise ConfigurationError(f"concurrency is 1 to {MOST:,} jobs at a time, not {self.concurrency!r}")
        for name in ("threads", "children", "max_jobs", "max_memory"):
            _check_count(name, getattr(self, name))
        for queue, weight in (self.weights or {}).items():
            if type(weight) is not int or not 1 <= weight <= 1000:
                raise ConfigurationError(f"the weight of {queue!r} is 1 to 1000, not {weight!r}")
        _check_seconds("lease", self.lease, 0.05)
        _check_seconds("grace", self.grace, 0)
        _check_seconds("wait", self.wait, 0)

    @property
    def lease_ms(self) -> int:
        return round(self.lease * 1000)


def _check_count(name: str, value: object) -> None:
    if value is not None and (type(value) is not int or value < 1):
        raise ConfigurationError(f"{name} is a number from 1 on, not {value!r}")


def _check_seconds(name: str, value: object, least: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < least:
        raise ConfigurationError(f"{name} is seconds, at least {least:g}, not {value!r}")
