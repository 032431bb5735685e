"""How a worker works."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from jobkit.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How a worker works. Times are seconds.

    ``queues``: in this order, all due jobs of an earlier one first; None: all that the app knows. ``concurrency``:
    jobs at a time. ``lease``: how long a job is kept from others when this worker is lost. ``grace``: how long
    running jobs may go on once the worker is asked to stop. ``wait``: the longest that one reserve waits.
    ``ready_file``: exists while the worker can take jobs.
    """

    queues: tuple[str, ...] | None = None
    concurrency: int = 50
    lease: float = 30.0
    grace: float = 25.0
    wait: float = 5.0
    ready_file: Path | None = None

    def __post_init__(self) -> None:
        if type(self.concurrency) is not int or not 1 <= self.concurrency <= 100_000:
            raise ConfigurationError(f"concurrency is 1 to 100,000 jobs at a time, not {self.concurrency!r}")
        _check_seconds("lease", self.lease, 0.05)
        _check_seconds("grace", self.grace, 0)
        _check_seconds("wait", self.wait, 0)

    @property
    def lease_ms(self) -> int:
        return round(self.lease * 1000)


def _check_seconds(name: str, value: object, least: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < least:
        raise ConfigurationError(f"{name} is seconds, at least {least:g}, not {value!r}")
