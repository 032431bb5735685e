"""What holds of every history, however its calls were interleaved. Linear in its length: deliveries are numbered.

A call took effect at one instant between its beginning and its end. Nothing is said that another choice of these
instants would excuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise

from jobkit.backend import (
    Accepted,
    Cancelled,
    Dead,
    Delivery,
    Done,
    KeyTaken,
    LeaseExpired,
    NotFound,
    Release,
    RetryAt,
    Stale,
)
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.history import History
from jobkit_conformance.history.job_history import Enqueued, ExtendOp, Grant, JobHistory, SettleOp, by_job
from jobkit_conformance.violations import RuleViolation


def check(history: History, *, slack: int | None = None) -> None:
    """Raise `Broken` for the first invariant that does not hold.

    ``slack``: milliseconds by which a grant may be late; None where a call may be on its way for any time, so that
    nothing can be said of what it did not find.
    """
    found = by_job(history)
    for call in history.of("reserve"):
        _check_answer(call)
    _check_tokens(found.values())
    for life in found.values():
        _JobChecker(history, life, repeats=slack is None and bool(history.lost), prompt=slack is not None).judge()
    _check_keys(found)
    if slack is not None:
        for call in history.of("reserve"):
            if call.answered:
                _check_missing(history, found.values(), call, slack)


def _check_answer(call: Call) -> None:
    """R2, and of O1 what one answer shows."""
    granted: list[Delivery] = list(call.answer or ())
    ids = [delivery.message.id for delivery in granted]
    if len(granted) > call.stated["limit"] or len(set(ids)) < len(ids):
        raise RuleViolation("R2", f"reserve with limit={call.stated['limit']} granted {ids}")
    for one, other in pairwise(granted):
        if one.message.queue == other.message.queue and one.message.priority < other.message.priority:
            raise RuleViolation(
                "O1", f"{one.message.id!r} was granted before {other.message.id!r}, which has a higher priority"
            )


def _check_tokens(found: Iterable[JobHistory]) -> None:
    seen: dict[str, str] = {}
    for life in found:
        for grant in life.grants:
            token = grant.delivery.token
            if token in seen:
                raise RuleViolation("L4", f"the token of a delivery of {seen[token]!r} came again, with {life.id!r}")
            seen[token] = life.id


class _JobChecker:
    """One job. ``prompt``: calls take effect as they begin or end. ``repeats``: the backend may have sent one again."""

    def __init__(self, history: History, life: JobHistory, *, prompt: bool, repeats: bool) -> None:
        self._repeats = repeats
        self._prompt = prompt and not history.lost
        self._history = history
        self._life = life
        self._unanswered = [call for call in history.of("reserve") if not call.answered]

    def judge(self) -> None:
        life = self._life
        for grant in life.grants:
            self._check_grant(grant)
            self._check_settlings(grant)
            self._check_extendings(grant)
        if not life.id_was_reused:
            self._check_first()
            for one, other in pairwise(life.grants):
                self._check_successive(one, other)
            self._check_removed()
            self._check_not_lost()

    # One delivery.

    def _check_grant(self, grant: Grant) -> None:
        id, call, lease = self._life.id, grant.call, grant.call.stated["lease"]
        if not any(each.call.begun < _end(call) for each in self._life.enqueued):
            raise RuleViolation("E8", f"{id!r} was granted before anybody had enqueued it")
        if not call.from_ms + lease <= grant.delivery.lease_end <= _to(call) + lease:
            raise RuleViolation("L10", f"{id!r} came with a lease that does not end {lease} ms after it was granted")

    def _check_settlings(self, grant: Grant) -> None:
        settlings = self._life.settled(grant.delivery.token)
        winners = [each for each in settlings if each.won]
        if len(winners) > 1:
            raise RuleViolation("S8", f"delivery {grant.number} of {self._life.id!r} was settled twice")
        for each in settlings:
            if each.won and (newer := self._newer_before(grant, each.call.begun)):
                raise RuleViolation(
                    "L5", f"delivery {grant.number} of {self._life.id!r} was settled after {newer.number} was granted"
                )
            if isinstance(each.outcome, Stale) and not self._excused(grant, each):
                raise RuleViolation(
                    "E4" if self._repeats else "L6",
                    f"the settle of delivery {grant.number} of {self._life.id!r} is stale, and nothing made it so",
                )

    def _newer_before(self, grant: Grant, place: int) -> Grant | None:
        """A later delivery, by its number; another job of the same id begins to count anew."""
        if self._life.id_was_reused:
            return None
        newer = (each for each in self._life.grants if each.number > grant.number and _end(each.call) < place)
        return next(newer, None)

    def _excused(self, grant: Grant, settling: SettleOp) -> bool:
        """Whether something may have made this token stale."""
        place = _end(settling.call)
        others = [each for each in self._life.settled(grant.delivery.token) if each is not settling]
        return (
            any(each.call.begun < place and each.may_have_won for each in others)
            or any(each.number > grant.number and each.call.begun < place for each in self._life.grants)
            or self._life.touched_before(place)
            or any(call.begun < place for call in self._unanswered)
        )

    def _check_extendings(self, grant: Grant) -> None:
        for each in self._life.extended(grant.delivery.token):
            call, id, lease = each.call, self._life.id, each.extension.lease
            if each.end is not None:
                if not call.from_ms + lease <= each.end <= _to(call) + lease:
                    raise RuleViolation(
                        "L8", f"the lease of {id!r} was extended to {each.end}, and not by {lease} ms from then"
                    )
                if call.from_ms >= max(self._ends(grant, call.begun, apart_from=each)):
                    raise RuleViolation("L7", f"the lease of {id!r} was extended when it was over")
                if newer := self._newer_before(grant, call.begun):
                    raise RuleViolation(
                        "L5", f"delivery {grant.number} of {id!r} was extended after {newer.number} was granted"
                    )
            if isinstance(each.outcome, LeaseExpired) and _to(call) < min(
                self._ends(grant, call.begun, apart_from=each)
            ):
                raise RuleViolation("L8", f"the lease of {id!r} was said to be over before its end")

    def _ends(self, grant: Grant, place: int, apart_from: ExtendOp | None = None) -> list[int]:
        """When the lease of a delivery may end, as far as that was settled before a place in the history."""
        ends = [grant.delivery.lease_end]
        for each in sorted(self._life.extended(grant.delivery.token), key=lambda each: _end(each.call)):
            if each is apart_from or each.call.begun > place or isinstance(each.outcome, (LeaseExpired, Stale)):
                continue
            end = each.end if each.end is not None else _to(each.call) + each.extension.lease
            ends = [end] if _end(each.call) < place and each.end is not None else [*ends, each.call.from_ms, end]
        return ends

    # From one delivery to the next.

    def _check_first(self) -> None:
        if not self._life.grants:
            return
        first, enqueued = self._life.grants[0], self._life.enqueued[0]
        due = getattr(enqueued.outcome, "due", enqueued.call.from_ms + (enqueued.message.after or 0))
        if _to(first.call) < due:
            raise RuleViolation("T1", f"{self._life.id!r} was granted {due - _to(first.call)} ms before its time")
        self._check_attempt(first, 1, 1 + self._unseen(first.number - 1))

    def _check_successive(self, one: Grant, other: Grant) -> None:
        if one.number == other.number:
            raise RuleViolation("L3", f"two deliveries of {self._life.id!r} have the number {one.number}")
        if _end(other.call) < one.call.begun:
            raise RuleViolation("L3", f"delivery {other.number} of {self._life.id!r} came before {one.number}")
        settlings = self._settlings_before(one, other)
        settling = settlings[0] if settlings else None
        if settling is None and not self._life.touched_before(_end(other.call)):
            end = min(self._ends(one, _end(other.call)))
            if _to(other.call) < end:
                raise RuleViolation(
                    "R1", f"{self._life.id!r} was granted again {end - _to(other.call)} ms before its lease ended"
                )
        if settling is not None:
            self._check_after(settling, other)
        if not self._life.touches:
            released = [isinstance(each.settlement, Release) for each in settlings]
            surely = settling is not None and settling.won and released[0]
            least = one.delivery.attempt + (0 if any(released) else 1)
            most = one.delivery.attempt + (0 if surely else 1) + self._unseen(other.number - one.number - 1)
            self._check_attempt(other, least, most)

    def _check_after(self, settling: SettleOp, other: Grant) -> None:
        settlement, id = settling.settlement, self._life.id
        if isinstance(settlement, Done) and settling.won:
            raise RuleViolation("L6", f"{id!r} was granted after it was done")
        if isinstance(settlement, Dead) and settling.won and not self._life.touches:
            raise RuleViolation("L6", f"{id!r} was granted after it was dead")
        if isinstance(settlement, RetryAt) and settlement.after and settling.won:
            soonest = settling.call.from_ms + settlement.after
            if _to(other.call) < soonest:
                raise RuleViolation("S3", f"{id!r} was tried again {soonest - _to(other.call)} ms before its time")

    def _settlings_before(self, one: Grant, other: Grant) -> list[SettleOp]:
        """What may have ended a delivery before the next one was granted; where one surely did, that alone."""
        place = _end(other.call)
        found = [
            each for each in self._life.settled(one.delivery.token) if each.call.begun < place and each.may_have_won
        ]
        return [each for each in found if each.won][:1] or found

    def _check_attempt(self, grant: Grant, least: int, most: int) -> None:
        if not least <= grant.delivery.attempt <= most:
            words = str(least) if least == most else f"{least} to {most}"
            seen = f"delivery {grant.number} of {self._life.id!r} has attempt {grant.delivery.attempt}, not {words}"
            raise RuleViolation("R3" if grant.delivery.attempt > most and self._cancelled() else "L2", seen)

    def _unseen(self, deliveries: int) -> int:
        """How many attempts so many deliveries may have been that nobody has seen.

        A reserve that its caller gave up costs none, if what it took can be given back before its lease ends.
        """
        return 0 if self._prompt else deliveries

    def _cancelled(self) -> bool:
        return bool(self._unanswered) and self._prompt

    # The end.

    def _check_removed(self) -> None:
        for touch in self._life.touches:
            if touch.call.verb == "requeue" or not touch.may_have_acted or touch.outcome is None:
                continue
            rule = "I3" if touch.call.verb == "delete" else "X1" if isinstance(touch.outcome, Cancelled) else "X2"
            for grant in self._life.grants:
                if grant.call.begun > _end(touch.call):
                    what = "deleted" if rule == "I3" else "cancelled"
                    raise RuleViolation(rule, f"{self._life.id!r} was granted after it was {what}")

    def _check_not_lost(self) -> None:
        life, calm = self._life, self._history.quiesced_at
        if calm is None or not life.accepted:
            return
        ended = any(isinstance(each.settlement, (Done, Dead)) and each.may_have_won for each in life.all_settlings())
        if ended or life.touched_before(calm) or any(grant.call.begun > calm for grant in life.grants):
            return
        raise RuleViolation(
            self._who_lost_it(), f"{life.id!r} is lost: nothing ended it, and nobody is granted it any more"
        )

    def _who_lost_it(self) -> str:
        if any(isinstance(touch.outcome, NotFound) and touch.call.verb == "cancel" for touch in self._life.touches):
            return "E4" if self._repeats else "X3"
        if self._unanswered or self._repeats:
            return "R4" if self._history.lost else "R3"
        if not self._life.grants:
            return "E8"
        won = [each for each in self._life.settled(self._life.grants[-1].delivery.token) if each.may_have_won]
        if not won:
            return "L1"
        return "S2" if isinstance(won[-1].settlement, RetryAt) else "S4"


def _check_missing(history: History, found: Iterable[JobHistory], call: Call, slack: int) -> None:
    """Whether a reserve found less than was surely ready when it began; or waited on when something surely was."""
    if any(other.begun < _end(call) and not other.answered for other in history.of("reserve")):
        return  # one that nobody heard of may hold anything
    granted = [delivery.message.id for delivery in call.answer]
    full = len(granted) == call.stated["limit"]
    for life in found:
        if life.id_was_reused or life.touches or not life.accepted:
            continue
        if call.stated["wait"]:
            ready = _ready(life, call, _end(call))
            if ready and (late := _to(call) - max(ready[1], call.from_ms) - slack) > 0:
                raise RuleViolation("R5", f"{life.id!r} was ready, and a reserve waited for {late + slack} ms more")
        elif not full and life.id not in granted:
            ready = _ready(life, call, call.begun)
            if ready and ready[1] <= call.from_ms:
                raise RuleViolation(ready[0], f"{life.id!r} was ready, and a reserve came back with {granted}")


def _ready(life: JobHistory, call: Call, place: int) -> tuple[str, int] | None:
    """Which rule says that a job was surely ready for a call, and since when at the latest.

    By what was answered before a place in the history; None where that is not sure.
    """
    accepted, ended = life.accepted[0], _end(call)
    if _end(accepted.call) >= place:
        return None
    before = [grant for grant in life.grants if grant.call.begun < ended and grant.call is not call]
    if not before:
        return ("T2" if accepted.message.after else "E8"), max(accepted.outcome.due, _to(accepted.call))
    last = before[-1]
    settlings = [each for each in life.settled(last.delivery.token) if each.call.begun < ended and each.may_have_won]
    if _end(last.call) >= place or life.extended(last.delivery.token):
        return None
    if not settlings:
        return "L1", last.delivery.lease_end
    if not settlings[0].won or _end(settlings[0].call) >= place:
        return None
    settlement = settlings[0].settlement
    if isinstance(settlement, Release):
        return "S4", _to(settlings[0].call)
    if isinstance(settlement, RetryAt):
        return "S2", _to(settlings[0].call) + (settlement.after or 0)
    return None


def _check_keys(found: dict[str, JobHistory]) -> None:
    """K1 and K2: of two jobs with one key the second waits for the end of the first, and for nothing else."""
    accepted: list[tuple[JobHistory, Enqueued]] = []
    for life in found.values():
        for each in life.enqueued:
            if isinstance(each.outcome, KeyTaken):
                _check_held(life, each.call, found.get(each.outcome.by), each.outcome.by)
            if isinstance(each.outcome, Accepted) and each.message.key is not None:
                accepted.append((life, each))
    for (life, one), (other_life, other) in combinations(accepted, 2):
        place = max(_end(one.call), _end(other.call))
        same = life is not other_life and one.message.key == other.message.key
        if same and not _maybe_over(life, place) and not _maybe_over(other_life, place):
            raise RuleViolation(
                "K1", f"{life.id!r} and {other_life.id!r} were accepted with the same key {one.message.key!r}"
            )


def _check_held(life: JobHistory, call: Call, holder: JobHistory | None, by: str) -> None:
    if holder is None or not any(each.call.begun < _end(call) for each in holder.enqueued):
        raise RuleViolation("K1", f"{life.id!r} was held by {by!r}, which nobody had enqueued")
    if _surely_over(holder, call.begun):
        raise RuleViolation("K2", f"{life.id!r} was held by {by!r}, whose life was over")


def _surely_over(life: JobHistory, place: int) -> bool:
    done = [each for each in life.all_settlings() if isinstance(each.settlement, (Done, Dead)) and each.won]
    return not life.id_was_reused and not life.touches and any(_end(each.call) < place for each in done)


def _maybe_over(life: JobHistory, place: int) -> bool:
    done = [each for each in life.all_settlings() if isinstance(each.settlement, (Done, Dead)) and each.may_have_won]
    return any(each.call.begun < place for each in done) or life.touched_before(place)


def _end(call: Call) -> int:
    """The place of a call's end; an open one has none."""
    return 1 << 60 if call.ended is None else call.ended


def _to(call: Call) -> int:
    return (1 << 60) if call.to_ms is None else call.to_ms
