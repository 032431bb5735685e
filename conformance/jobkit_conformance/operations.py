"""A program: what a few clients do, as data. It can be drawn, shrunk, stored in a token, and played again."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from jobkit_conformance.replay_token import decode, encode


class Enqueue(Struct, frozen=True, repr_omit_defaults=True, tag="put"):
    """Enqueue a batch."""

    client: int
    messages: list[MessageSpec]


class MessageSpec(Struct, frozen=True, repr_omit_defaults=True):
    """A message of a program; ``after`` in milliseconds."""

    id: str
    queue: str = "q"
    body: str = ""
    priority: int = 0
    after: int | None = None
    key: str | None = None
    remember: int | None = None


class Reserve(Struct, frozen=True, repr_omit_defaults=True, tag="take"):
    """Reserve."""

    client: int
    queues: list[str]
    limit: int
    lease: int


class Settle(Struct, frozen=True, repr_omit_defaults=True, tag="end"):
    """Settle deliveries, each spoken of by how long ago it was: 0 is the latest."""

    client: int
    items: list[SettlementSpec]


class SettlementSpec(Struct, frozen=True, repr_omit_defaults=True):
    """``how``: done, retry, release, dead."""

    ago: int
    how: str
    after: int = 0


class Extend(Struct, frozen=True, repr_omit_defaults=True, tag="keep"):
    """Extend a lease, and perhaps say where the job is."""

    client: int
    ago: int
    lease: int
    checkpoint: str | None = None


class Advance(Struct, frozen=True, repr_omit_defaults=True, tag="pass"):
    """Let time pass."""

    milliseconds: int


class CrashLoop(Struct, frozen=True, repr_omit_defaults=True, tag="crash"):
    """Take and let the lease run out, several times: how jobs get deep."""

    times: int
    lease: int


class Cancel(Struct, frozen=True, repr_omit_defaults=True, tag="cancel"):
    """``latest``: the job that was delivered last, whichever that is."""

    client: int
    id: str
    latest: bool = False


class Requeue(Struct, frozen=True, repr_omit_defaults=True, tag="requeue"):
    """``latest``: the job that was delivered last, whichever that is."""

    client: int
    id: str
    latest: bool = False


class Delete(Struct, frozen=True, repr_omit_defaults=True, tag="delete"):
    """Remove a job, whatever its state."""

    client: int
    id: str


class Pause(Struct, frozen=True, repr_omit_defaults=True, tag="pause"):
    """Let a queue grant nothing."""

    client: int
    queue: str


class Resume(Struct, frozen=True, repr_omit_defaults=True, tag="resume"):
    """Let a queue grant again."""

    client: int
    queue: str


class CellSet(Struct, frozen=True, repr_omit_defaults=True, tag="write"):
    """Set a cell. ``behind``: how many versions ago its writer read it last."""

    client: int
    cell: str
    value: str
    behind: int = 0


class Inspect(Struct, frozen=True, repr_omit_defaults=True, tag="look"):
    """Count and get everything. A step like any other: looking changes the system, or should not."""

    client: int


Step: TypeAlias = (
    Enqueue
    | Reserve
    | Settle
    | Extend
    | Advance
    | CrashLoop
    | Cancel
    | Requeue
    | Delete
    | Pause
    | Resume
    | CellSet
    | Inspect
)


class Program(Struct, frozen=True, repr_omit_defaults=True):
    """Steps, and the machine that drew them."""

    machine: str
    steps: list[Step]


def token(program: Program) -> str:
    """A program as one word."""
    return encode(program)


def from_token(word: str) -> Program:
    """The program that a word stands for; ``ValueError`` when it stands for none."""
    return decode(word, Program)
