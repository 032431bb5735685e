"""One worker behind the proxy, as data: which kind of jobs it performs, and the one command that something befalls."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from jobkit_conformance.network.faults import check_fault
from jobkit_conformance.replay_token import decode, encode

Kind: TypeAlias = Literal["async", "plain"]


class WorkerFaultCase(Struct, frozen=True, repr_omit_defaults=True):
    """``kind``: asynchronous jobs, or plain functions in threads. ``fault`` befalls the worker's command ``at``."""

    kind: Kind = "async"
    fault: str = ""
    at: int = 0


PREFIX: Final = "ww-"


def token(case: WorkerFaultCase) -> str:
    """A case as one word."""
    return PREFIX + encode(case)


def from_token(word: str) -> WorkerFaultCase:
    """The case that a word stands for; ``ValueError`` when it stands for none."""
    case = decode(word.removeprefix(PREFIX), WorkerFaultCase)
    check_fault(case.fault)
    return case
