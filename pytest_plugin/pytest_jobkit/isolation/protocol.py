"""What a job's own process and the test's say to each other: pickled frames, each with its length before it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from struct import calcsize, pack, unpack
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from jobkit.backend import Delivery
    from jobkit.events import AnyEvent
    from jobkit.execute.outcome import Outcome
    from pytest_jobkit.isolation.databases import Names

LENGTH = "!I"


@dataclass(frozen=True)
class RunRequest:
    """What the test's process says first: what to import, and what to perform."""

    path: list[str]
    root: str
    module: str
    delivery: Delivery
    databases: Names | None


@dataclass(frozen=True)
class StoreRef:
    """A store, as an app names it: a URL, or ``module:factory``; and a namespace."""

    spec: str | None
    is_factory: bool
    namespace: str


@dataclass(frozen=True)
class StoreCall:
    """A question of the job's process about one store: a verb of backends, or one of those below."""

    place: StoreRef
    verb: str
    args: tuple[Any, ...] = ()
    stated: dict[str, Any] | None = None


CAPABILITIES, BEFORE, AFTER = "capabilities", "before an enqueue", "after an enqueue"


@dataclass(frozen=True)
class SaveCheckpoint:
    """A checkpoint, to be kept."""

    body: bytes


@dataclass(frozen=True)
class StoreReply:
    """Of the test's process; ``error`` is to be raised where the question was asked."""

    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True)
class Enqueued:
    """Something was enqueued; the call holds functions, so that its job travels by name."""

    job: str
    options: Any
    event: Any
    site: tuple[str, int] | None


@dataclass(frozen=True)
class EventMessage:
    """Any other event of the job's process."""

    event: AnyEvent


@dataclass(frozen=True)
class Finished:
    """The last frame: what came of the job."""

    outcome: Outcome


@dataclass(frozen=True)
class NotRunnable:
    """The last frame: why the job could not be found there."""

    why: str


def write(stream: BinaryIO, frame: object) -> None:
    packed = pickle.dumps(frame)
    stream.write(pack(LENGTH, len(packed)) + packed)
    stream.flush()


def read(stream: BinaryIO) -> Any:
    """The next frame; None once the other end is gone."""
    size = stream.read(calcsize(LENGTH))
    if len(size) < calcsize(LENGTH):
        return None
    packed = stream.read(*unpack(LENGTH, size))
    return pickle.loads(packed)  # noqa: S301 - from a process that this one started, or that started this one
