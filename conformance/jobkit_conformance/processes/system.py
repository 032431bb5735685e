"""How any queue presents itself to the process tier: it can enqueue, and a worker of it is a command."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final, Literal

from msgspec import Struct

from jobkit_conformance.harness import NotOffered

KIT: Final = Path(__file__).parents[2]
"""What has to be on the path of processes that import `jobkit_conformance.processes.task`."""


class Declared(Struct, frozen=True, kw_only=True):
    """What a queue says of itself, in its documentation or by its settings. Times are seconds.

    ``lease``: for how long a worker that is not heard of keeps its jobs; None: for ever, a lost worker's jobs are lost
    or wait for somebody. ``slack``: how much later than that they are performed again, at the latest. ``grace``: what
    running jobs have after TERM; None: stopping well is not declared. ``attempts``: starts at most, of a job that kills
    its worker; None: not declared. ``order``: one worker performs in the order of the enqueues. ``delay``: a job may be
    due later. ``repeats``: enqueuing a job of the same id again stores nothing twice. ``durable``: accepted jobs
    survive a restart of the store. ``timeout``: within which a client notices that its connection is dead.
    ``outlasts``: a job may take longer than the lease.
    """

    delivery: Literal["at least once", "at most once"] = "at least once"
    lease: float | None = None
    slack: float = 1.0
    grace: float | None = None
    attempts: int | None = None
    order: bool = False
    delay: bool = False
    repeats: bool = False
    durable: bool = False
    timeout: float = 5.0
    outlasts: bool = True


class SystemHarness:
    """Presents a queue, whatever its API, to the process tier.

    Its job takes one word and calls `jobkit_conformance.processes.task.perform` with it, or awaits ``aperform``. Every
    process of a play has `KIT` on its path, and what `environment` says in its environment.
    """

    declared: Declared
    enqueue: ClassVar[str]
    """``module:function``, called in a producer's process with a list of words; returned means accepted."""
    python: ClassVar[str] = sys.executable
    """The interpreter of the producer's process."""
    folder: ClassVar[str | None] = None
    """Where processes are started; the working folder if none is named."""

    def worker(self, slots: int) -> Sequence[str]:
        """The command that starts a worker with so many jobs at a time; TERM stops it."""
        raise NotImplementedError("a system harness says how a worker is started")

    def environment(self, address: tuple[str, int] | None) -> Mapping[str, str]:
        """What tells its processes where the store is: at ``address``, where there is one."""
        return {}

    def store(self) -> tuple[str, int] | None:
        """Where the store listens, for queues whose workers reach it over TCP: then the kit can cut the network."""
        return None

    async def begin(self) -> None:
        """Before each play: an empty queue, and a store that runs."""

    def close(self) -> None:
        """Once, at the end of a run."""

    def describe(self) -> str:
        """One line for the report: which queue, which version, with which settings."""
        return type(self).__name__

    # Hooks. What is absent is not tried.

    async def kill(self) -> None:
        """End the store as a crash would; `restart` brings it back."""
        raise NotOffered

    async def restart(self) -> None:
        """Bring the store back, at the same address, with what it kept."""
        raise NotOffered

    async def cut(self) -> None:
        """Cut every connection to the store, which goes on."""
        raise NotOffered

    async def fill(self, full: bool) -> None:  # noqa: FBT001  (as the hook of backends)
        """Make the store refuse to grow, or let it grow again."""
        raise NotOffered

    async def left(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Those of these jobs that the queue still has, each with ``live`` or ``dead``."""
        raise NotOffered

    def offers(self, hook: str) -> bool:
        """Whether this harness has a hook."""
        return getattr(type(self), hook) is not getattr(SystemHarness, hook)
