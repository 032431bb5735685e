"""Checks of what comes back: the jobs of lost workers, and workers that had been cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from jobkit_conformance.processes.history import FOREVER, Execution, History, JobHistory, WorkerLifetime
from jobkit_conformance.processes.plan import LATE, is_call
from jobkit_conformance.processes.run_record import RunRecord, Violation, describe_end, unfinished

JUST: Final = 1.0
"""Seconds in which an enqueue can have woken somebody who then found a lost job."""
INSTANT: Final = 0.005
"""Seconds before TERM, at which a worker that was asked to stop still had to work."""


def found_late(case: RunRecord) -> Iterator[Violation]:
    """What a lost worker had, while another one had nothing to do."""
    if case.recovery is None:
        return
    for tale in case.evidence.tales.values():
        for one, other in _with_next(sorted(tale.executions, key=lambda each: each.began)):
            seen = _late(case, tale, one, other)
            if seen is not None:
                yield seen


def _with_next(items: Sequence[Execution]) -> Iterator[tuple[Execution, Execution | None]]:
    return zip(items, [*items[1:], None][: len(items)], strict=True)


def _late(case: RunRecord, tale: JobHistory, one: Execution, other: Execution | None) -> Violation | None:
    evidence, life = case.evidence, one.worker
    was_killed = life.killed is not None and one.fell
    stood_still = [span for span in life.spans if span.what == "stop" and span.meets(one.began, one.until)]
    if not (was_killed or stood_still) or ((tale.ended or tale.left == "dead") and other is None):
        return None
    lost = (life.killed or FOREVER) if was_killed else stood_still[0].begun
    assert case.recovery is not None
    until = lost + case.recovery * (1 + _unheard(one, other)) + LATE
    started = other.began if other is not None else min(evidence.over, evidence.called)
    if started <= until or (one.until < until and not was_killed):
        return None
    lapsed = until - LATE - case.declared.slack
    idle = next((each for each in evidence.lives.values() if _is_idle(case, each, lapsed, until)), None)
    if idle is None:
        return None
    how = "killed" if was_killed else "stopped"
    words = (
        f"{life.name} was {how} while it performed {tale.id}; {until - lost:.1f} s later nobody had started it again"
    )
    woken = _woken(evidence, until, other)
    found = f", and it was found when {woken}" if woken and other is not None else ""
    rule = "L1" if woken or other is None else "R4"
    return Violation(rule, f"{words}, {idle.name} had nothing to do{found}", tale.id)


def _unheard(one: Execution, other: Execution | None) -> int:
    """How often it was granted in between to somebody who never heard of it: each has cost a lease."""
    return 0 if other is None else max(0, other.attempt - one.attempt - 1)


def _woken(evidence: History, until: float, start: Execution | None) -> str:
    """What came to the idle store just before a job was started: a worker, which started it, or another job."""
    if start is None:
        return ""
    if start.worker.up >= until:
        return f"{start.worker.name} came"
    just = start.began - JUST
    offered = next((tale for tale in evidence.tales.values() if just <= tale.offered <= start.began), None)
    return f"{offered.id} was enqueued" if offered is not None else ""


def _is_idle(case: RunRecord, life: WorkerLifetime, lapsed: float, ended: float) -> bool:
    """Whether it could have taken a job in the last second of that time: it worked all along, and had a slot free.

    Who was still on its way when its worker was lost, and there before the lease ended, had as much time as anybody.
    """
    if not life.undisturbed(lapsed, ended) or life.heard > lapsed:
        return False
    busy = [
        each
        for each in case.evidence.executions()
        if each.worker is life and each.began <= ended and each.until >= ended - 1
    ]
    return len(busy) < case.plan.slots


def never_found(case: RunRecord) -> Iterator[Violation]:
    """In the store when everything was over, though live and due: by nobody, or by nobody but those who forgot how."""
    for tale in unfinished(case):
        if tale.left == "dead" or (case.evidence.looked and not tale.left):
            continue
        rule = "L1" if _somebody_works(case) else "W9"
        if case.recovery is None and rule == "L1" and tale.executions:
            continue  # nothing is promised of what a lost worker had
        yield Violation(
            rule, f"{tale.id} was accepted, {describe_end(tale)}, and waits for ever though workers live", tale.id
        )


def _somebody_works(case: RunRecord) -> bool:
    return any(each.began >= case.evidence.called for each in case.evidence.executions())


def missing_at_the_roll_call(case: RunRecord) -> Iterator[Violation]:
    """Everybody had to take a part of the last jobs."""
    evidence = case.evidence
    if not any(is_call(id) for id in evidence.tales):
        return
    present = {id(each.worker) for each in evidence.executions() if is_call(each.id)}
    worked = {id(each.worker) for each in evidence.executions() if not is_call(each.id)}
    for life in evidence.lives.values():
        until = min(life.asked[0] if life.asked else FOREVER, evidence.over)
        absent = id(life) in worked - present
        if evidence.called < until < FOREVER and absent and life.undisturbed(evidence.called, until - INSTANT):
            before = [span.what for span in life.spans]
            after = f" after {_WORDS[before[-1]]}" if before else ""
            yield Violation("W9", f"{life.name} lives, and takes no job any more{after}", worker=life.name)


_WORDS: Final = {
    "hole": "its connection went dead and came back",
    "away": "the store went away and came back",
    "cut": "its connection was cut",
    "full": "the store was full",
    "stop": "it stood still",
}
