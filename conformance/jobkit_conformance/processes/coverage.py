"""What came about in a play: a rule whose coverage label was not reached is not called kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from jobkit_conformance.history.event_log import Event
from jobkit_conformance.processes.history import parse_log
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.run_record import RunRecord
from jobkit_conformance.processes.system import Declared

REQUIRED_LABELS: Final = {
    "E8": "jobs",
    "W1": "jobs of killed workers",
    "D1": "restarts of the store",
    "S1": "ends that were settled",
    "R1": "leases",
    "L6": "ends that were settled",
    "L2": "further deliveries",
    "W2": "jobs longer than their lease",
    "W12": "processes that came or went beside a job",
    "W4": "jobs that kill their workers",
    "T1": "jobs that were due later",
    "O1": "jobs in their order",
    "W7": "workers that were asked to stop",
    "R4": "jobs of killed workers",
    "L1": "jobs of lost workers on an idle store",
    "W9": "workers that were cut off and work again",
}
"""By rule, what has to come about before it can be called kept."""


def coverage_labels(events: Sequence[Event], plan: Plan, declared: Declared) -> Counter[str]:
    """How often each of them came about."""
    case = RunRecord(plan, declared, parse_log(events, declared.timeout))
    tales, lives = case.evidence.tales.values(), case.evidence.lives.values()
    executions = list(case.evidence.executions())
    grants = [grant for tale in tales for grant in tale.grants]
    later = {task.id for task in plan.tasks if task.after}
    deadly = {task.id for task in plan.tasks if task.how == "kills"}
    called = [each for each in executions if each.began >= case.evidence.called]
    long = plan.lease if declared.lease is None else declared.lease
    return Counter(
        {
            "jobs": sum(tale.ended for tale in tales),
            "jobs of killed workers": sum(each.fell and each.worker.killed is not None for each in executions),
            "restarts of the store": len(case.evidence.away),
            "ends that were settled": sum(grant.how == "Done" for grant in grants),
            "leases": len(grants),
            "further deliveries": sum(grant.number > 1 for grant in grants),
            "jobs longer than their lease": sum(
                each.ended is not None
                and each.ended - each.began > long
                and each.worker.undisturbed(each.began, each.ended)
                for each in executions
            ),
            "processes that came or went beside a job": sum(
                any(each.began <= life.up <= each.until for life in lives if life is not each.worker)
                for each in executions
            ),
            "jobs that kill their workers": sum(tale.id in deadly and bool(tale.executions) for tale in tales),
            "jobs that were due later": sum(tale.id in later and bool(tale.executions) for tale in tales),
            "jobs in their order": sum(grant.number == 1 for grant in grants) or int(plan.workers * plan.slots == 1),
            "workers that were asked to stop": sum(len(life.asked) == 1 and not life.stubborn for life in lives),
            "jobs of lost workers on an idle store": sum(fault.nth == len(plan.tasks) for fault in plan.faults),
            "workers that were cut off and work again": sum(
                any(span.what != "stop" for span in each.worker.spans) for each in called
            ),
        }
    )
