"""What a worker owes to each delivery that it was granted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from jobkit.backend import CancelRequested, Dead, Done, Extended, LeaseExpired, Release, RetryAt, Settlement, Stale
from jobkit_conformance.checkers.disruptions import (
    ROUNDING,
    passed_its_limit,
    stop_requested,
    was_delayed,
    was_disrupted,
    was_paused,
)
from jobkit_conformance.history.delivery_records import DeliveryRecord, end, end_ms
from jobkit_conformance.history.worker_history import FOREVER, JobRun, WorkerHistory
from jobkit_conformance.scenario import SECOND
from jobkit_conformance.violations import RuleViolation

PATIENCE: Final = 2 * SECOND
"""Within it a job past its limit is settled as failed."""


def _is_performed(deed: DeliveryRecord) -> None:
    """W1, and W5 where there is nothing to perform."""
    for call, settlement in deed.settles:
        if not deed.duty.readable:
            if _gives_up(deed, settlement) and not (isinstance(settlement, Dead) and not settlement.reason.strip()):
                continue
            if isinstance(settlement, Release) and stop_requested(deed.process, call.begun):
                continue
            raise RuleViolation("W5", f"{deed.words}, which nobody can read, was settled as {_how(settlement)}")
        if isinstance(settlement, Done) and not _returned(deed.start, call.begun):
            if _gives_up(deed, settlement) and _is_spent(deed, call.begun):
                continue
            raise RuleViolation("W1", f"{deed.words} was settled as done, and had not been performed to its end")


def _returned(start: JobRun | None, place: int) -> bool:
    return start is not None and _has_ended(start, place) and not start.raised


def _has_ended(start: JobRun, place: int) -> bool:
    return start.ended is not None and start.ended < place


def _gives_up(deed: DeliveryRecord, settlement: Settlement) -> bool:
    """As dead; as done, where the store keeps nothing that is dead."""
    return isinstance(settlement, Dead) or (isinstance(settlement, Done) and not deed.duty.buried)


def _is_spent(deed: DeliveryRecord, place: int) -> bool:
    """Whether, by a place, it had failed for good: in its last attempt, in a way that nobody tries again, or it was
    delivered once too often. Not asked of one that returned within its limit."""
    start, attempt, allowed = deed.start, deed.delivery.attempt, deed.duty.attempts
    if attempt > allowed:
        return True
    if start is None:
        return False
    ended = _has_ended(start, place)
    odd = start.own and start.raised != "ValueError"
    return (attempt == allowed and (ended or passed_its_limit(start, deed.duty.limit))) or (ended and odd)


def _is_allowed(deed: DeliveryRecord) -> None:
    """W4."""
    if deed.delivery.attempt <= deed.duty.attempts or not deed.duty.readable:
        return
    if deed.start is not None:
        raise RuleViolation("W4", f"{deed.words} started, with {deed.duty.attempts} allowed")
    for call, settlement in deed.settles:
        if not _gives_up(deed, settlement) and not stop_requested(deed.process, call.begun):
            raise RuleViolation(
                "W4", f"{deed.words}, with {deed.duty.attempts} allowed, was settled as {_how(settlement)}"
            )


def _is_settled(deed: DeliveryRecord) -> None:
    """W6, and W1: what has ended is settled, where its worker lives on."""
    start = deed.start
    if start is None or start.ended is None or deed.settles or deed.process.died is not None:
        return
    if stop_requested(deed.process, start.ended):
        if was_delayed(deed.process):
            return
        raise RuleViolation(
            "W7", f"{deed.words} ended after {deed.process.name} was asked to stop, and was never settled"
        )
    if start.own and start.raised != "ValueError":
        raise RuleViolation("W6", f"{deed.words} ended with {start.raised}, and was never settled")
    raise RuleViolation("W1", f"{deed.words} ended, and was never settled")


def _is_kept(deed: DeliveryRecord) -> None:
    """W2 (W7 once the worker was asked to stop): nobody lets a lease end under a job that runs."""
    start, process = deed.start, deed.process
    if start is None:
        return
    allowed = deed.duty.limit or FOREVER
    in_time = start.from_ms < deed.heard_ms + allowed  # one that can't start is not kept for ever
    limit = (start.from_ms if in_time else deed.heard_ms) + allowed
    for heard, heard_ms, lease_end in _known_ends(deed):
        needless = min(start.until, deed.settled_ms, limit, process.died_ms or FOREVER) <= lease_end
        late = lease_end - heard_ms < process.lease / 2
        if needless or late or was_paused(process, heard_ms, lease_end) or _keeper_waits(process, heard_ms, lease_end):
            continue
        if not any(call.begun > heard and call.from_ms <= lease_end for call, _, _ in deed.extends):
            rule = "W2" if process.asked_ms is None or process.asked_ms > lease_end else "W7"
            raise RuleViolation(rule, f"{deed.words} ran on when its lease ended, and nobody had tried to extend it")


def _known_ends(deed: DeliveryRecord) -> Iterator[tuple[int, int, int]]:
    """When the worker heard of an end, as place and instant, and which it was."""
    known = [(end(deed.heard), deed.heard_ms, deed.delivery.lease_end)]
    for call, _, outcome in sorted(deed.extends, key=lambda each: end(each[0])):
        if isinstance(outcome, (Stale, LeaseExpired)):
            break
        if isinstance(outcome, (Extended, CancelRequested)):
            known.append((end(call), end_ms(call), outcome.end))
    yield from known


def _keeper_waits(process: WorkerHistory, from_ms: int, until_ms: int) -> bool:
    """Whether the keeper was waiting for an answer for a good part of that time."""
    return any(
        call.client == process.keeper
        and call.from_ms <= until_ms
        and end_ms(call) >= from_ms
        and end_ms(call) - call.from_ms > process.lease / 4
        for call in process.calls
    )


def _is_let_go(deed: DeliveryRecord) -> None:
    """W2: no lease follows a job past its limit."""
    if deed.start is None or deed.duty.limit is None:
        return
    for call, _, _ in deed.extends:
        over = call.from_ms - deed.start.from_ms - deed.duty.limit
        if over > ROUNDING:
            raise RuleViolation("W2", f"the lease of {deed.words} was extended {over} ms after its limit")


def _is_told(deed: DeliveryRecord) -> None:
    """W3."""
    start = deed.start
    if start is None or start.ended is None:
        return
    for call, _, outcome in deed.extends:
        lost = isinstance(outcome, (Stale, LeaseExpired)) and deed.settled > end(call) and start.runs_at(end(call))
        if not lost or start.until <= end_ms(call):
            continue
        if not start.told:
            raise RuleViolation("W3", f"{deed.words} lost its lease, ran on to its end, and was not told")
        blocked = any(span.begun < start.ended and span.ended > end(call) for span in deed.process.blocked)
        if deed.id not in deed.process.reported and not blocked:
            raise RuleViolation("W3", f"{deed.words} lost its lease, and that was not reported")


def _waits_from_its_failure(deed: DeliveryRecord) -> None:
    """W10."""
    start = deed.start
    if start is None or passed_its_limit(start, deed.duty.limit):
        return
    for call, settlement in deed.settles:
        if isinstance(settlement, RetryAt) and settlement.after is not None and _has_ended(start, call.begun):
            left = max(0, deed.duty.wait - (call.from_ms - start.until))
            hurried = not deed.duty.delayed and stop_requested(deed.process, call.begun)
            if abs(settlement.after - left) > ROUNDING and not hurried:
                raise RuleViolation("W10", f"{deed.words} is tried again in {settlement.after} ms, not in {left} ms")


def _fails_at_its_limit(deed: DeliveryRecord) -> None:
    """W13."""
    start, limit, process = deed.start, deed.duty.limit, deed.process
    if start is None or limit is None:
        return
    over = start.until - start.from_ms > limit
    for call, settlement in deed.settles:
        given_up = _gives_up(deed, settlement) and _is_spent(deed, call.begun)
        excused = start.told or stop_requested(process, call.begun) or given_up
        if over and isinstance(settlement, (Done, Release)) and not excused and start.ended is not None:
            raise RuleViolation(
                "W13", f"{deed.words} ran for longer than its limit, and was settled as {_how(settlement)}"
            )
    held = 0 if deed.duty.delayed else deed.duty.wait  # it has failed, and waits at its worker
    latest = start.from_ms + limit + PATIENCE + held
    living = min(start.until, process.died_ms or FOREVER, process.asked_ms or FOREVER) > latest
    if living and deed.settled_ms > latest and not was_disrupted(process, start.from_ms, latest):
        raise RuleViolation(
            "W13", f"{deed.words} ran on for {PATIENCE} ms after its limit, and was not settled as failed"
        )


DELIVERY_CHECKS: Final[Sequence[Callable[[DeliveryRecord], None]]] = (
    _is_performed,
    _is_allowed,
    _is_settled,
    _is_kept,
    _is_let_go,
    _is_told,
    _waits_from_its_failure,
    _fails_at_its_limit,
)


def _how(settlement: Settlement) -> str:
    match settlement:
        case Done():
            return "done"
        case Release():
            return "given back"
        case RetryAt():
            return "to be tried again"
        case Dead():
            return "dead"
