"""What is played in front of a real store, as data: a few steps, and the one command that something befalls."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from jobkit_conformance import operations
from jobkit_conformance.network.faults import check_fault
from jobkit_conformance.operations import MessageSpec
from jobkit_conformance.replay_token import decode, encode

VICTIM: Final = 0
"""The client behind the proxy."""
OBSERVER: Final = 1
"""One that nothing befalls."""


class Purge(Struct, frozen=True, repr_omit_defaults=True, tag="purge"):
    """Remove what is in a state."""

    client: int
    queue: str
    state: str
    limit: int = 10


class Wait(Struct, frozen=True, repr_omit_defaults=True, tag="wait"):
    """Reserve and wait, until another client enqueues this."""

    client: int
    spec: MessageSpec
    lease: int


Step: TypeAlias = (
    operations.Enqueue
    | operations.Reserve
    | operations.Settle
    | operations.Extend
    | operations.Advance
    | operations.Cancel
    | operations.Requeue
    | operations.Delete
    | operations.Pause
    | operations.Resume
    | operations.CellSet
    | operations.Inspect
    | Purge
    | Wait
)


class FaultCase(Struct, frozen=True, repr_omit_defaults=True):
    """``fault``: what befalls the command ``at``, counted from 1; by its name in `jobkit_conformance.network.faults`.

    ``cold``: the client has sent nothing before, so that its first commands are counted too.
    """

    steps: list[Step]
    fault: str = ""
    at: int = 0
    unconnected: bool = False


PREFIX: Final = "w-"


def token(case: FaultCase) -> str:
    """A case as one word."""
    return PREFIX + encode(case)


def from_token(word: str) -> FaultCase:
    """The case that a word stands for; ``ValueError`` when it stands for none."""
    case = decode(word.removeprefix(PREFIX), FaultCase)
    check_fault(case.fault)
    return case
