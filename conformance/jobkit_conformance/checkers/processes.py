"""Judges the log of a play: pure, and of nothing else. Each check says what it saw, or nothing.

Nothing is said that a slow machine would excuse, but by the checks in `TIMED`: those lean on declared times, so what
they find is played again with longer leases before it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from jobkit_conformance.checkers import (
    process_exclusivity,
    process_limits,
    process_loss,
    process_recovery,
    process_shutdown,
)
from jobkit_conformance.history.event_log import Event
from jobkit_conformance.processes.coverage import REQUIRED_LABELS
from jobkit_conformance.processes.history import parse_log
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.run_record import Check, RunRecord, Violation
from jobkit_conformance.processes.system import Declared


def judge(events: Sequence[Event], plan: Plan, declared: Declared) -> list[Violation]:
    """What the log shows to be broken, the gravest and surest first; of each rule one thing."""
    case = RunRecord(plan, declared, parse_log(events, declared.timeout))
    found: dict[str, Violation] = {}
    for check in CHECKS:
        for seen in check(case):
            found.setdefault(seen.rule, seen)
    return list(found.values())


TIMED: Final[tuple[Check, ...]] = (
    process_exclusivity.started_twice,
    process_exclusivity.performed_again,
    process_shutdown.started_after_term,
    process_shutdown.does_not_end,
    process_shutdown.kept_after_its_end,
    process_shutdown.cut_within_its_grace,
    process_recovery.found_late,
    process_recovery.never_found,
    process_recovery.missing_at_the_roll_call,
)

CHECKS: Final[tuple[Check, ...]] = (
    process_loss.performed_without_being_enqueued,
    process_loss.lost,
    process_loss.given_up,
    process_exclusivity.granted_while_leased,
    process_exclusivity.granted_after_its_end,
    process_exclusivity.counted_wrong,
    process_limits.started_too_often,
    process_limits.started_early,
    process_limits.out_of_order,
    process_loss.left_behind,
    *TIMED,
)

RULES: Final = frozenset(REQUIRED_LABELS)
"""What this tier judges."""

TIMED_RULES: Final = frozenset({"W2", "W12", "W7", "R4", "L1", "W9"})
"""What is played again with longer leases before it counts."""

SAME_SIGHT: Final = {"R4": frozenset({"R4", "L1"}), "L1": frozenset({"R4", "L1"})}
"""What shows the same when it is looked at again: a job is found late, and somebody may just have come, or not."""
