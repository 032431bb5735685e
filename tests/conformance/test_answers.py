"""What a verb may answer, and that anything else is the backend's fault and not the kit's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any, cast

import pytest

from jobkit.backend import (
    CancelRequested,
    EnqueueOutcome,
    Extended,
    ExtendOutcome,
    Extension,
    LeaseExpired,
    Message,
    Settled,
    Settlement,
    SettleOutcome,
)
from jobkit.backends.inline.backend import InlineBackend
from jobkit_conformance import preflight
from jobkit_conformance.answers import MalformedAnswer, check_answer
from jobkit_conformance.scenario import Enqueue, Extend, Reserve, Scenario, Settle
from jobkit_conformance.simulation.coverage import coverage_labels
from jobkit_conformance.simulation.tier import Simulation
from jobkit_conformance.verdicts import Verdict
from tests.broken.patched import PatchedHarness
from tests.conformance.small_profile import run


@pytest.mark.parametrize(
    ("verb", "items", "answer"), [("settle", "ab", [Settled(), Settled()]), ("reserve", "q", []), ("counts", "q", 3)]
)
def test_an_answer_is_one(verb: str, items: str, answer: object) -> None:
    check_answer(verb, items, answer)


@pytest.mark.parametrize(
    ("verb", "answer", "told"),
    [
        ("settle", None, "settle of 2 items answered NoneType, not 2 outcomes"),
        ("settle", [Settled()], "settle of 2 items answered 1 outcomes"),
        (
            "settle",
            [Settled(), LeaseExpired()],
            "settle of 2 items answered LeaseExpired, where Settled or Stale or Indeterminate can be",
        ),
        *(
            (
                "extend",
                [kind(1), kind(cast(int, None))],
                f"extend of 2 items answered {kind.__name__}(end=None), whose end is no instant",
            )
            for kind in (Extended, CancelRequested)
        ),
        ("reserve", None, "reserve answered NoneType, not a list of deliveries"),
        ("reserve", ["a"], "reserve answered str, where Delivery can be"),
    ],
)
def test_anything_else_is_told(verb: str, answer: object, told: str) -> None:
    with pytest.raises(MalformedAnswer) as found:
        check_answer(verb, "ab", answer)
    assert str(found.value) == told


class Odd(InlineBackend):
    """Says less than it is asked, or what it is not asked."""

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        answer: Any = await super().enqueue(messages)
        if messages[0].id == "odd":
            answer = [None]
        return answer  # type: ignore[no-any-return]

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return (await super().settle(settlements))[:-1]

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        answer: Any = tuple(await super().extend(extensions))
        return answer  # type: ignore[no-any-return]


class Harness(PatchedHarness):
    client = Odd


@pytest.mark.parametrize(
    ("script", "rule", "seen"),
    [
        ([Enqueue("odd")], "E1", "enqueue of 1 items answered NoneType"),
        ([Enqueue("a"), Reserve(), Settle()], "L5", "settle of 1 items answered 0 outcomes"),
        ([Enqueue("a"), Reserve(), Extend()], "L7", "extend of 1 items answered tuple, not 1 outcomes"),
    ],
)
def test_a_simulation_tells_whose_rule_it_is(script: list[Any], rule: str, seen: str) -> None:
    harness = Harness()
    simulation = Simulation(harness, asyncio.run(preflight.capabilities(harness, "n")), "n")
    played, broken = simulation.judged(Scenario([script]), random.Random(1))
    assert broken is not None
    assert broken.rule == rule
    assert broken.observed.startswith(seen)
    assert "settle or extend, stale" not in set(coverage_labels(played.history)), "what was answered can be read on"


class Unsettled(Odd):
    enqueue, extend = InlineBackend.enqueue, InlineBackend.extend


class Unextended(Odd):
    enqueue, settle = InlineBackend.enqueue, InlineBackend.settle


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("client", "rule", "seen"),
    [
        (Unsettled, "W7", "settle of 1 items answered 0 outcomes"),
        (Unextended, "W2", "extend of 1 items answered tuple, not 1 outcomes"),
    ],
)
def test_a_worker_outlives_one_and_its_backend_is_to_blame(client: type[InlineBackend], rule: str, seen: str) -> None:
    class Half(PatchedHarness): ...

    Half.client = client
    finding = run(Half(), rule).findings[rule]
    assert finding.verdict is Verdict.BROKEN
    assert finding.failure is not None
    assert finding.failure.seen.splitlines()[0] == seen
