"""What is explained by some world is no finding; what none explains is, under the rule that it breaks."""

from __future__ import annotations

from typing import Any

import pytest

from jobkit.backend import Accepted, Counts, Delivery, Duplicate, Indeterminate, Settled
from jobkit.backends.inline.backend import CAPABILITIES
from jobkit.testing.inline import Harness
from jobkit_conformance.checkers.attribution import attribute
from jobkit_conformance.checkers.nondeterministic_model import find_contradiction
from jobkit_conformance.env import MINUTE, Env
from jobkit_conformance.network.case import OBSERVER, VICTIM
from jobkit_conformance.network.step_record import StepRecord
from jobkit_conformance.operation_records import to_message
from jobkit_conformance.operations import Advance, Enqueue, Inspect, MessageSpec, Reserve, Settle, SettlementSpec

A, B = MessageSpec("a"), MessageSpec("b")
START = Env(Harness(), "n", CAPABILITIES).clock.now_ms()


def put(*specs: MessageSpec, answer: list[Any] | None = None, client: int = VICTIM, **further: Any) -> StepRecord:
    asked = [to_message(spec) for spec in specs]
    came = "raised" if answer is None else "answered"
    return StepRecord(
        Enqueue(client, list(specs)), "enqueue", asked, answer, result=further.pop("came", came), **further
    )


def took(
    *granted: str, client: int = OBSERVER, at: int = 0, attempt: int = 1, number: int = 1, **further: Any
) -> StepRecord:
    end, number, limit = START + at + MINUTE, max(number, attempt), further.pop("limit", 10)
    deliveries = [Delivery(to_message(MessageSpec(id)), number, attempt, f"{id} {at} {number}", end) for id in granted]
    return StepRecord(Reserve(client, ["q"], limit, MINUTE), "reserve", ("q",), deliveries, **further)


def lost_take(limit: int = 10, **further: Any) -> StepRecord:
    came = further.pop("came", "died")
    return StepRecord(
        Reserve(VICTIM, ["q"], limit, MINUTE), "reserve", ("q",), None, result=came, was_faulted=True, **further
    )


def passes(milliseconds: int) -> StepRecord:
    return StepRecord(Advance(milliseconds), "pass", milliseconds)


def rule(*did: StepRecord, fault: str = "lost") -> str | None:
    """The rule that these steps break, or None."""
    env = Env(Harness(), "n", CAPABILITIES)
    found = find_contradiction(env, did)
    return None if found is None else attribute(fault, list(did), *found).rule


ACCEPTED, DUPLICATE = Accepted(due=START), Duplicate()


@pytest.mark.parametrize("granted", [(), ("a", "b")])
def test_an_enqueue_without_an_answer_is_whole_or_not_at_all(granted: tuple[str, ...]) -> None:
    assert rule(put(A, B, was_faulted=True), took(*granted)) is None


def test_half_of_a_batch_is_a_finding() -> None:
    assert rule(put(A, B, was_faulted=True), took("a")) == "E1"
    assert rule(put(A, B, was_faulted=True), put(A, B, answer=[DUPLICATE, ACCEPTED], repeat=True)) == "E1"


def test_what_a_caller_repeats_is_stored_once() -> None:
    assert rule(put(A, was_faulted=True), put(A, answer=[ACCEPTED], repeat=True), took("a")) is None
    assert rule(put(A, was_faulted=True), put(A, answer=[DUPLICATE], repeat=True), took("a")) is None
    assert rule(put(A, was_faulted=True), put(A, answer=[DUPLICATE], repeat=True), took()) == "E1"


def test_a_repeat_of_the_backend_answers_as_it_was() -> None:
    assert rule(put(A, answer=[ACCEPTED], was_faulted=True), took("a")) is None
    assert rule(put(A, answer=[DUPLICATE], was_faulted=True), took("a")) == "E4"
    assert rule(put(A, answer=[ACCEPTED], was_faulted=True), took()) == "E4"


def test_a_reserve_without_an_answer_may_hold_any_of_them() -> None:
    enqueued = put(A, B, answer=[ACCEPTED, ACCEPTED], client=OBSERVER)
    for granted in ((), ("a",), ("b",), ("a", "b")):
        assert rule(enqueued, lost_take(), took(*granted)) is None
    again = took("a", "b", at=MINUTE, attempt=2)
    assert rule(enqueued, lost_take(), passes(MINUTE), again) is None
    assert rule(enqueued, lost_take(), passes(MINUTE), took("a", at=MINUTE, attempt=2)) == "R4"
    assert rule(enqueued, lost_take(), passes(MINUTE), took("a", "b", at=MINUTE, attempt=3)) == "L2"


def test_what_was_given_up_is_given_back() -> None:
    enqueued = put(A, answer=[ACCEPTED], client=OBSERVER)
    assert rule(enqueued, lost_take(came="given up"), took("a"), fault="given up") is None
    assert rule(enqueued, lost_take(came="given up"), took(), fault="given up") == "R3"


def test_a_fault_is_no_empty_answer() -> None:
    enqueued = put(A, answer=[ACCEPTED], client=OBSERVER)
    assert rule(enqueued, took(client=VICTIM, was_faulted=True)) == "D6"
    assert rule(enqueued, took("a", client=VICTIM, was_faulted=True), took()) is None


def settled(answer: list[Any] | None, *, how: str = "done", met: bool = True) -> StepRecord:
    items = [("a 0 1", SettlementSpec(0, how))]
    came = "died" if answer is None else "answered"
    return StepRecord(Settle(VICTIM, [SettlementSpec(0, how)]), "settle", items, answer, result=came, was_faulted=met)  # type: ignore[arg-type]


@pytest.mark.parametrize(("how", "broken"), [("retry", "S2"), ("release", "S4")])
def test_a_settle_without_an_answer_is_one_step(how: str, broken: str) -> None:
    before = (put(A, answer=[ACCEPTED], client=OBSERVER), took("a"))
    attempt = 2 if how == "retry" else 1
    assert rule(*before, settled(None, how=how), took()) is None
    assert rule(*before, settled(None, how=how), took("a", attempt=attempt, number=2)) is None
    assert rule(*before, settled(None, how=how), passes(MINUTE), took(at=MINUTE)) == broken


def test_indeterminate_is_an_answer_to_what_was_sent_again_only() -> None:
    before = (put(A, answer=[ACCEPTED], client=OBSERVER), took("a"))
    assert rule(*before, settled([Indeterminate()]), took()) is None
    assert rule(*before, settled([Indeterminate()], met=False), took()) is not None
    assert rule(*before, settled([Settled()]), took("a", attempt=2)) == "E4"


def test_what_is_held_up_happens_before_or_after_the_others() -> None:
    enqueued = put(A, answer=[ACCEPTED], client=OBSERVER)
    for mine, theirs in (((), ("a",)), (("a",), ())):
        held = took(*mine, client=VICTIM, was_faulted=True, meanwhile=1)
        assert rule(enqueued, took(*theirs), held, fault="held") is None
    both = took("a", client=VICTIM, was_faulted=True, meanwhile=1)
    assert rule(enqueued, took("a"), both, fault="held") == "R1"


def test_counts_are_those_of_some_world() -> None:
    def look(ready: int) -> StepRecord:
        return StepRecord(
            Inspect(OBSERVER), "look", (["q"], [], [], ("look",)), ([Counts(0, ready, 0, 0, None)], [], [])
        )

    assert rule(put(A, was_faulted=True), look(0)) is None
    assert rule(put(A, was_faulted=True), look(1)) is None
    assert rule(put(A, was_faulted=True), look(2)) == "E1"


def test_without_a_fault_the_rule_of_the_verb_itself_is_named() -> None:
    assert rule(put(A, answer=[ACCEPTED], client=OBSERVER), took("b")) == "E8"
    assert rule(put(A, answer=[DUPLICATE], client=OBSERVER)) == "E3"
