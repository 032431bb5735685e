"""What is played in front of a real store, as data: a few steps, and the one command that something befalls."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from jobkit_conformance import operations
from jobkit_conformance.network.faults import check_fault
from jobkit_conformance.operations import Spec
from jobkit_conformance.replay_token import read, written

VICTIM: Final = 0
"""The client behind the proxy."""
OTHER: Final = 1
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
    spec: Spec
    lease: int


Step: TypeAlias = (
    operations.Put
    | operations.Take
    | operations.End
    | operations.Keep
    | operations.Pass
    | operations.Cancel
    | operations.Requeue
    | operations.Delete
    | operations.Pause
    | operations.Resume
    | operations.Write
    | operations.Look
    | Purge
    | Wait
)


class Case(Struct, frozen=True, repr_omit_defaults=True):
    """``fault``: what befalls the command ``at``, counted from 1; by its name in `jobkit_conformance.network.faults`.

    ``cold``: the client has sent nothing before, so that its first commands are counted too.
    """

    steps: list[Step]
    fault: str = ""
    at: int = 0
    cold: bool = False


PREFIX: Final = "w-"


def token(case: Case) -> str:
    """A case as one word."""
    return PREFIX + written(case)


def from_token(word: str) -> Case:
    """The case that a word stands for; ``ValueError`` when it stands for none."""
    case = read(word.removeprefix(PREFIX), Case)
    check_fault(case.fault)
    return case
