"""Judges the log of a play: pure, and of nothing else. Each check says what it saw, or nothing.

Nothing is said that a slow machine would excuse, but by the checks in `TIMED`: those lean on declared times, so what
they find is played again with longer leases before it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from jobkit_conformance.processes import holding, limits, losing, recovering, stopping
from jobkit_conformance.processes.case import Case, Check, Seen
from jobkit_conformance.processes.evidence import gather
from jobkit_conformance.processes.log import Event
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.situations import SITUATIONS
from jobkit_conformance.processes.system import Declared


def judge(events: Sequence[Event], plan: Plan, declared: Declared) -> list[Seen]:
    """What the log shows to be broken, the gravest and surest first; of each rule one thing."""
    case = Case(plan, declared, gather(events, declared.timeout))
    found: dict[str, Seen] = {}
    for check in CHECKS:
        for seen in check(case):
            found.setdefault(seen.rule, seen)
    return list(found.values())


TIMED: Final[tuple[Check, ...]] = (
    holding.started_twice,
    holding.performed_again,
    stopping.started_after_term,
    stopping.does_not_end,
    stopping.kept_after_its_end,
    stopping.cut_within_its_grace,
    recovering.found_late,
    recovering.never_found,
    recovering.missing_at_the_roll_call,
)

CHECKS: Final[tuple[Check, ...]] = (
    losing.performed_without_being_enqueued,
    losing.lost,
    losing.given_up,
    holding.granted_while_leased,
    holding.granted_after_its_end,
    holding.counted_wrong,
    limits.started_too_often,
    limits.started_early,
    limits.out_of_order,
    losing.left_behind,
    *TIMED,
)

RULES: Final = frozenset(SITUATIONS)
"""What this tier judges."""

TIMED_RULES: Final = frozenset({"W2", "W12", "W7", "R4", "L1", "W9"})
"""What is played again with longer leases before it counts."""

SAME_SIGHT: Final = {"R4": frozenset({"R4", "L1"}), "L1": frozenset({"R4", "L1"})}
"""What shows the same when it is looked at again: a job is found late, and somebody may just have come, or not."""
