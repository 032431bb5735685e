"""What workers did in a simulation: which processes there were, what became of them, and each start of a job."""

from __future__ import annotations

from dataclasses import dataclass, field

from jobkit_conformance.history.calls import Call

FOREVER = 1 << 60


@dataclass(eq=False)
class JobRun:
    """A job that ran. ``begun`` and ``ended`` are places in the history, ``from_ms`` and ``to_ms`` instants.

    ``raised``: the kind of what it raised, nothing where it returned; ``own``: whether it did so by itself; ``told``:
    whether it could see that its lease was lost. One that never ended, ended with its process.
    """

    id: str
    attempt: int
    begun: int
    from_ms: int
    ended: int | None = None
    to_ms: int | None = None
    raised: str = ""
    own: bool = False
    told: bool = False

    @property
    def until(self) -> int:
        return FOREVER if self.to_ms is None else self.to_ms

    def runs_at(self, place: int) -> bool:
        return self.begun < place and (self.ended is None or self.ended > place)


@dataclass(frozen=True)
class Interval:
    """A time in which a process stood still, was cut off, or had its event loop blocked by a job: places, instants."""

    begun: int
    from_ms: int
    ended: int
    to_ms: int


@dataclass(eq=False)
class WorkerHistory:
    """A worker, and the two clients that it has: its own, called as it is, and its keeper's.

    ``asked``: when it heard that it should stop; ``stopped``: when it had; ``died``: when it was killed: places in the
    history. ``fell``: what its stopping raised. ``calls``: of both clients, as they saw them. ``ready``: whether it
    said that it could take jobs, each time that it was asked: place, instant, answer.
    """

    name: str
    concurrency: int
    lease: int
    grace: int
    begun: int
    from_ms: int
    asked: int | None = None
    asked_ms: int | None = None
    stopped: int | None = None
    stopped_ms: int | None = None
    fell: str = ""
    died: int | None = None
    died_ms: int | None = None
    calls: list[Call] = field(default_factory=list[Call])
    starts: list[JobRun] = field(default_factory=list[JobRun])
    frozen: list[Interval] = field(default_factory=list[Interval])
    blocked: list[Interval] = field(default_factory=list[Interval])
    cut: list[Interval] = field(default_factory=list[Interval])
    reported: set[str] = field(default_factory=set[str])
    """The ids of jobs whose lease it has reported as lost."""
    ready: list[tuple[int, int, bool]] = field(default_factory=list[tuple[int, int, bool]])

    @property
    def keeper(self) -> str:
        return keeper_of(self.name)

    @property
    def lives(self) -> bool:
        return self.died is None and self.stopped is None


def keeper_of(name: str) -> str:
    """What the client is called that keeps a worker's leases."""
    return f"{name} keeper"


def probe(worker: str, number: int) -> str:
    """The id of a job that one worker has to perform in the end, to show that it still can."""
    return f"{worker} probe {number + 1}"


@dataclass(frozen=True)
class JobSpec:
    """What a job promises to those who judge: how often it may start, for how long one start may take, and how long
    it waits before it is tried again; milliseconds. ``readable``: whether it is a job at all. ``buried``: whether the
    store keeps it when it is dead; one that it doesn't keep is done with. ``delayed``: whether the store can keep it
    waiting; where it can't its worker does, until it has to stop."""

    attempts: int = 1
    limit: int | None = None
    wait: int = 0
    readable: bool = True
    buried: bool = True
    delayed: bool = True
