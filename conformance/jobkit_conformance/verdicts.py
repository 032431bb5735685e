"""What can be said of a rule, and what follows for the backend: a closed set of answers."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Verdict(StrEnum):
    """Every rule of every run ends in exactly one of these."""

    KEPT = "kept"
    BROKEN = "broken"
    REFUSED = "refused_as_declared"
    """It needs an option that is not claimed, and the option was refused."""
    OUT_OF_SCOPE = "out_of_scope_as_declared"
    """It needs a promise, a hook or a moving clock that is not there."""
    NOT_EXERCISED = "not_exercised"
    """It was tried, and never got to its question."""
    UNKNOWN = "unknown"
    """The budget ended first."""
    WAIVED = "waived"
    """Known to be broken, with a reason."""
    ERROR = "error"
    """The kit's own failure."""
    NOT_RUN = "not_run"
    """There is no check for it, or it was not asked for."""

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


class Exit(IntEnum):
    """The exit code of a run: the first that applies, from KIT_FAILED down."""

    CONFORMANT = 0
    BROKEN = 1
    USAGE = 2
    INCOMPLETE = 3
    KIT_FAILED = 4


OPEN = frozenset({Verdict.NOT_RUN, Verdict.NOT_EXERCISED, Verdict.UNKNOWN})
"""What leaves a run incomplete."""


def exit_of(verdicts: Iterable[Verdict], *, accepted_unclaimed: bool = False, allow_incomplete: bool = False) -> Exit:
    """What a run's verdicts come to. An unclaimed option that was accepted is as bad as a broken rule."""
    found = set(verdicts)
    if Verdict.ERROR in found:
        return Exit.KIT_FAILED
    if Verdict.BROKEN in found or accepted_unclaimed:
        return Exit.BROKEN
    if found & OPEN and not allow_incomplete:
        return Exit.INCOMPLETE
    return Exit.CONFORMANT


def headline_of(exit: Exit, *, complete: bool) -> str:
    """CONFORMANT, INCOMPLETE, NOT CONFORMANT, or THE KIT FAILED."""
    match exit:
        case Exit.KIT_FAILED:
            return "THE KIT FAILED"
        case Exit.BROKEN:
            return "NOT CONFORMANT"
        case _:
            return "CONFORMANT" if complete else "INCOMPLETE"


_WEIGHT = (
    Verdict.ERROR,
    Verdict.BROKEN,
    Verdict.WAIVED,
    Verdict.NOT_EXERCISED,
    Verdict.UNKNOWN,
    Verdict.KEPT,
    Verdict.REFUSED,
    Verdict.OUT_OF_SCOPE,
)


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """What several tiers, or several runs, say of one rule: the gravest; NOT_RUN when none judged it."""
    found = set(verdicts)
    return next((verdict for verdict in _WEIGHT if verdict in found), Verdict.NOT_RUN)
