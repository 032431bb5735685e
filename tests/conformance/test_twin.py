"""What the invariants call broken has no explanation: drawn histories against the slow twin, which tries every one."""

from __future__ import annotations

from copy import copy
from random import Random
from typing import Any

from msgspec import structs

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelPending,
    CancelRequested,
    Deleted,
    Delivery,
    Duplicate,
    Extended,
    KeyTaken,
    LeaseExpired,
    NotFound,
    Requeued,
    Settled,
    Stale,
)
from jobkit_conformance.checkers.backend import check
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.history import History
from jobkit_conformance.violations import RuleViolation
from tests.conformance.drawn_histories import histories
from tests.conformance.twin import explainable


def test_a_right_queue_is_not_accused() -> None:
    for drawn in histories(2_000, most=14):
        check(drawn.history, slack=drawn.slack)


def test_the_twin_finds_how_a_right_answer_came_about() -> None:
    for drawn in histories(2_000, most=7):
        if not drawn.held:
            assert explainable(drawn.history, prompt=drawn.slack is not None)


def test_what_is_called_broken_has_no_explanation() -> None:
    """Of the rules so many are called broken that the check is known to find something."""
    random, rules = Random("answers"), set[str]()
    for drawn in histories(4_000, most=7):
        history = _with_one_answer_changed(drawn.history, random)
        if history is None:
            continue
        rule = _broken(history, drawn.slack)
        if rule and not drawn.held:
            assert not explainable(history, prompt=drawn.slack is not None), rule
        rules.add(rule)
    assert len(rules - {""}) >= 12, rules


def _broken(history: History, slack: int | None) -> str:
    try:
        check(history, slack=slack)
    except RuleViolation as broken:
        return broken.rule
    return ""


def _with_one_answer_changed(history: History, random: Random) -> History | None:
    """Return a copy with another answer to one call, or None where the calls drawn do not allow one."""
    places = [place for place, call in enumerate(history.calls) if call.answered]
    if not places:
        return None
    place = random.choice(places)
    call = history.calls[place]
    others = [other for other in _others(call) if _tokens(history, other, call) >= _used(history)]
    if not others:
        return None
    changed = copy(call)
    changed.answer = random.choice(others)
    other = copy(history)
    other.calls = [*history.calls[:place], changed, *history.calls[place + 1 :]]
    return other


def _tokens(history: History, answer: list[Any], of: Call) -> set[str]:
    """Which tokens anybody was given, if one reserve had answered this."""
    reserves = [(answer if call is of else call.answer or []) for call in history.of("reserve")]
    return {delivery.token for found in reserves for delivery in found}


def _used(history: History) -> set[str]:
    return {item.token for verb in ("settle", "extend") for call in history.of(verb) for item in call.items}


def _others(call: Call) -> list[list[Any]]:
    """Other answers to a call: of another kind, or a little off."""
    if call.verb == "reserve":
        return _other_grants(call.answer, call)
    (said,) = call.answer
    if call.verb == "enqueue":
        around = [Accepted(said.due + by) for by in (-1, 1)] if isinstance(said, Accepted) else []
        others: list[Any] = [*around, Accepted(call.from_ms), Duplicate(), KeyTaken("a")]
    elif call.verb == "settle":
        others = [Settled(), Stale()]
    elif call.verb == "extend":
        end = call.from_ms + call.items[0].lease
        others = [*(Extended(end + by) for by in (-1, 0, 1)), LeaseExpired(), Stale(), CancelRequested(end)]
    else:
        others = [{"cancel": Cancelled(), "requeue": Requeued(), "delete": Deleted()}[call.verb], NotFound()]
        others += [CancelPending()] if call.verb == "cancel" else []
    return [[other] for other in others if other != said]


def _other_grants(granted: list[Delivery], call: Call) -> list[list[Any]]:
    if not granted:
        return [[]]
    first, *rest = granted
    off = [
        structs.replace(first, **{name: getattr(first, name) + by})
        for name in ("attempt", "number", "lease_end")
        for by in (-1, 1)
    ]
    again = structs.replace(first, token="another", number=first.number + 1)
    return [rest, [*rest, first], [first, again], *([one, *rest] for one in off)]
