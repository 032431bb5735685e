"""What is explained by some world is no finding; what none explains is, under the rule that it breaks."""

from __future__ import annotations

from typing import Any

import pytest

from jobkit.backend import Accepted, Counts, Delivery, Known, Settled, Unknown
from jobkit.backends.inline.backend import CAPABILITIES
from jobkit.testing.inline import Harness
from jobkit_conformance.checkers.attribution import named
from jobkit_conformance.checkers.nondeterministic_model import contradiction
from jobkit_conformance.env import MINUTE, Stage
from jobkit_conformance.network.case import OTHER, VICTIM
from jobkit_conformance.network.step_record import Did
from jobkit_conformance.operation_records import message_of
from jobkit_conformance.operations import End, Ending, Look, Pass, Put, Spec, Take

A, B = Spec("a"), Spec("b")
START = Stage(Harness(), "n", CAPABILITIES).clock.now_ms()


def put(*specs: Spec, answer: list[Any] | None = None, client: int = VICTIM, **further: Any) -> Did:
    asked = [message_of(spec) for spec in specs]
    came = "raised" if answer is None else "answered"
    return Did(Put(client, list(specs)), "enqueue", asked, answer, came=further.pop("came", came), **further)


def took(*granted: str, client: int = OTHER, at: int = 0, attempt: int = 1, number: int = 1, **further: Any) -> Did:
    end, number, limit = START + at + MINUTE, max(number, attempt), further.pop("limit", 10)
    deliveries = [Delivery(message_of(Spec(id)), number, attempt, f"{id} {at} {number}", end) for id in granted]
    return Did(Take(client, ["q"], limit, MINUTE), "reserve", ("q",), deliveries, **further)


def lost_take(limit: int = 10, **further: Any) -> Did:
    came = further.pop("came", "died")
    return Did(Take(VICTIM, ["q"], limit, MINUTE), "reserve", ("q",), None, came=came, met=True, **further)


def passes(milliseconds: int) -> Did:
    return Did(Pass(milliseconds), "pass", milliseconds)


def rule(*did: Did, fault: str = "lost") -> str | None:
    """The rule that these steps break, or None."""
    stage = Stage(Harness(), "n", CAPABILITIES)
    found = contradiction(stage, did)
    return None if found is None else named(fault, list(did), *found).rule


ACCEPTED, KNOWN = Accepted(due=START), Known()


@pytest.mark.parametrize("granted", [(), ("a", "b")])
def test_an_enqueue_without_an_answer_is_whole_or_not_at_all(granted: tuple[str, ...]) -> None:
    assert rule(put(A, B, met=True), took(*granted)) is None


def test_half_of_a_batch_is_a_finding() -> None:
    assert rule(put(A, B, met=True), took("a")) == "E1"
    assert rule(put(A, B, met=True), put(A, B, answer=[KNOWN, ACCEPTED], repeat=True)) == "E1"


def test_what_a_caller_repeats_is_stored_once() -> None:
    assert rule(put(A, met=True), put(A, answer=[ACCEPTED], repeat=True), took("a")) is None
    assert rule(put(A, met=True), put(A, answer=[KNOWN], repeat=True), took("a")) is None
    assert rule(put(A, met=True), put(A, answer=[KNOWN], repeat=True), took()) == "E1"


def test_a_repeat_of_the_backend_answers_as_it_was() -> None:
    assert rule(put(A, answer=[ACCEPTED], met=True), took("a")) is None
    assert rule(put(A, answer=[KNOWN], met=True), took("a")) == "E4"
    assert rule(put(A, answer=[ACCEPTED], met=True), took()) == "E4"


def test_a_reserve_without_an_answer_may_hold_any_of_them() -> None:
    enqueued = put(A, B, answer=[ACCEPTED, ACCEPTED], client=OTHER)
    for granted in ((), ("a",), ("b",), ("a", "b")):
        assert rule(enqueued, lost_take(), took(*granted)) is None
    again = took("a", "b", at=MINUTE, attempt=2)
    assert rule(enqueued, lost_take(), passes(MINUTE), again) is None
    assert rule(enqueued, lost_take(), passes(MINUTE), took("a", at=MINUTE, attempt=2)) == "R4"
    assert rule(enqueued, lost_take(), passes(MINUTE), took("a", "b", at=MINUTE, attempt=3)) == "L2"


def test_what_was_given_up_is_given_back() -> None:
    enqueued = put(A, answer=[ACCEPTED], client=OTHER)
    assert rule(enqueued, lost_take(came="given up"), took("a"), fault="given up") is None
    assert rule(enqueued, lost_take(came="given up"), took(), fault="given up") == "R3"


def test_a_fault_is_no_empty_answer() -> None:
    enqueued = put(A, answer=[ACCEPTED], client=OTHER)
    assert rule(enqueued, took(client=VICTIM, met=True)) == "D6"
    assert rule(enqueued, took("a", client=VICTIM, met=True), took()) is None


def settled(answer: list[Any] | None, *, how: str = "done", met: bool = True) -> Did:
    items = [("a 0 1", Ending(0, how))]
    came = "died" if answer is None else "answered"
    return Did(End(VICTIM, [Ending(0, how)]), "settle", items, answer, came=came, met=met)  # type: ignore[arg-type]


@pytest.mark.parametrize(("how", "broken"), [("retry", "S2"), ("release", "S4")])
def test_a_settle_without_an_answer_is_one_step(how: str, broken: str) -> None:
    before = (put(A, answer=[ACCEPTED], client=OTHER), took("a"))
    attempt = 2 if how == "retry" else 1
    assert rule(*before, settled(None, how=how), took()) is None
    assert rule(*before, settled(None, how=how), took("a", attempt=attempt, number=2)) is None
    assert rule(*before, settled(None, how=how), passes(MINUTE), took(at=MINUTE)) == broken


def test_unknown_is_an_answer_to_what_was_sent_again_only() -> None:
    before = (put(A, answer=[ACCEPTED], client=OTHER), took("a"))
    assert rule(*before, settled([Unknown()]), took()) is None
    assert rule(*before, settled([Unknown()], met=False), took()) is not None
    assert rule(*before, settled([Settled()]), took("a", attempt=2)) == "E4"


def test_what_is_held_up_happens_before_or_after_the_others() -> None:
    enqueued = put(A, answer=[ACCEPTED], client=OTHER)
    for mine, theirs in (((), ("a",)), (("a",), ())):
        held = took(*mine, client=VICTIM, met=True, meanwhile=1)
        assert rule(enqueued, took(*theirs), held, fault="held") is None
    both = took("a", client=VICTIM, met=True, meanwhile=1)
    assert rule(enqueued, took("a"), both, fault="held") == "R1"


def test_counts_are_those_of_some_world() -> None:
    def look(ready: int) -> Did:
        return Did(Look(OTHER), "look", (["q"], [], [], ("look",)), ([Counts(0, ready, 0, 0, None)], [], []))

    assert rule(put(A, met=True), look(0)) is None
    assert rule(put(A, met=True), look(1)) is None
    assert rule(put(A, met=True), look(2)) == "E1"


def test_without_a_fault_the_rule_of_the_verb_itself_is_named() -> None:
    assert rule(put(A, answer=[ACCEPTED], client=OTHER), took("b")) == "E8"
    assert rule(put(A, answer=[KNOWN], client=OTHER)) == "E3"
