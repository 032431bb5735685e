"""What a worker and the process of an isolated job say to each other: one message a frame, over their own socket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

from jobkit.backend import Delivery

LENGTH: Final = 4
"""Bytes in front of each frame."""


EXIT_TIMEOUT: Final = 12.0
"""Seconds that the exit handlers of a process have. Background enqueues are given up after ten."""


class Init(msgspec.Struct, tag=True, frozen=True):
    """To a new process: where the job is declared, and how the worker finds modules and logs."""

    path: Sequence[str]
    level: int
    format: str | None
    """None for one JSON object a line."""
    exit_timeout: float = EXIT_TIMEOUT
    """Seconds that its exit handlers have."""


class RunJob(msgspec.Struct, tag=True, frozen=True):
    """Perform this; ``module`` declares its job."""

    module: str
    delivery: Delivery


class SetFlag(msgspec.Struct, tag=True, frozen=True):
    """The job should know: one of the flags of its context is set. ``cancel``: an asynchronous one is interrupted."""

    flag: str
    cancel: bool = False


class SaveCheckpoint(msgspec.Struct, tag=True, frozen=True):
    """Store this, and say whether it is stored."""

    number: int
    body: bytes


class CheckpointSaved(msgspec.Struct, tag=True, frozen=True):
    number: int
    stored: bool = False
    refused: str | None = None


class JobBegun(msgspec.Struct, tag=True, frozen=True):
    """The process has the job, and imports its module next: what ends the process from now on is the job's."""


class JobNotStarted(msgspec.Struct, tag=True, frozen=True):
    """The machine could not start the job: its function was not called, and will not be."""

    reason: str


class JobFinished(msgspec.Struct, tag=True, frozen=True):
    """How it ended, in what can be said without the objects of that process."""

    state: str
    reason: str | None = None
    headline: str | None = None
    retry_in: float | None = None
    past_limit: bool = False
    last: bool = False
    """The job goes on past its end: this process takes no other one."""


ToChild: TypeAlias = Init | RunJob | SetFlag | CheckpointSaved
ToWorker: TypeAlias = JobBegun | SaveCheckpoint | JobNotStarted | JobFinished


def frame(message: Any) -> bytes:
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH, "big") + body


async def read(reader: asyncio.StreamReader, type: Any) -> Any:
    """The next message; ``IncompleteReadError`` when the other side is gone."""
    length = int.from_bytes(await reader.readexactly(LENGTH), "big")
    return msgspec.msgpack.decode(await reader.readexactly(length), type=type)
