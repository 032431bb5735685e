"""The judge, by hand-written answers, good ones and bad ones: each bad one breaks the rule that forbids it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from jobkit.backend import Delivery, Message
from jobkit.backends.inline.backend import CAPABILITIES
from jobkit.testing.inline import Harness
from jobkit_conformance.env import Env
from jobkit_conformance.model import Model
from jobkit_conformance.oracle import check_delivery, check_grants
from jobkit_conformance.violations import RuleViolation
from tests.conformance.honest import Offset

MINUTE = 60_000


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def env() -> Env:
    return Env(Harness(), "judge", CAPABILITIES)


def _put(model: Model, *ids: str, queue: str = "q", **fields: Any) -> None:
    for id in ids:
        assert model.enqueue(Message(id, queue, b"x", **fields)) == "accepted"


def _broken(model: Model, env: Env, granted: list[str], limit: int = 10, queues: list[str] | None = None) -> str:
    with pytest.raises(RuleViolation) as found:
        check_grants(model, env, queues or ["q"], limit, granted)
    return found.value.rule


def test_an_empty_answer_of_an_empty_queue_is_right(model: Model, env: Env) -> None:
    check_grants(model, env, ["q"], 10, [])


def test_all_in_order_is_right(model: Model, env: Env) -> None:
    _put(model, "a", "b", "c")
    check_grants(model, env, ["q"], 10, ["a", "b", "c"])
    check_grants(model, env, ["q"], 2, ["a", "b"])


def test_more_than_the_limit_breaks_r2(model: Model, env: Env) -> None:
    _put(model, "a", "b")
    assert _broken(model, env, ["a", "b"], limit=1) == "R2"
    assert _broken(model, env, ["a", "a"]) == "R2"


def test_what_never_was_breaks_e8(model: Model, env: Env) -> None:
    assert _broken(model, env, ["a"]) == "E8"


def test_another_queue_breaks_e9(model: Model, env: Env) -> None:
    _put(model, "a", queue="r")
    assert _broken(model, env, ["a"]) == "E9"


def test_what_is_leased_breaks_r1(model: Model, env: Env) -> None:
    _put(model, "a")
    model.grant("a", "t", MINUTE)
    assert _broken(model, env, ["a"]) == "R1"


def test_what_is_cancelled_and_leased_breaks_x2(model: Model, env: Env) -> None:
    _put(model, "a")
    model.grant("a", "t", MINUTE)
    model.cancel("a")
    assert _broken(model, env, ["a"]) == "X2"
    model.advance(MINUTE)
    assert _broken(model, env, ["a"]) == "X2"


def test_what_ended_breaks_the_rule_of_its_end(model: Model, env: Env) -> None:
    _put(model, "done", "cancelled", "deleted", "dead")
    for id, how in (("done", "done"), ("dead", "dead")):
        model.grant(id, id, MINUTE)
        model.settle(id, how)
    model.cancel("cancelled")
    model.delete("deleted")
    assert [_broken(model, env, [id]) for id in ("done", "cancelled", "deleted", "dead")] == ["L6", "X1", "I3", "L6"]


def test_what_is_early_breaks_t1_or_s3(model: Model, env: Env) -> None:
    _put(model, "a", after=MINUTE)
    _put(model, "b")
    model.grant("b", "t", MINUTE)
    model.settle("t", "retry", after=MINUTE)
    assert _broken(model, env, ["a"]) == "T1"
    assert _broken(model, env, ["b"]) == "S3"


@pytest.mark.parametrize(
    ("why", "rule"),
    [("enqueue", "E8"), ("delay", "T2"), ("retry", "S2"), ("release", "S4"), ("requeue", "S6"), ("lease", "L1")],
)
def test_what_is_missing_breaks_the_rule_that_made_it_ready(model: Model, env: Env, why: str, rule: str) -> None:
    _put(model, "a", after=MINUTE if why == "delay" else None)
    if why == "delay":
        model.advance(MINUTE)
    elif why != "enqueue":
        model.grant("a", "t", MINUTE)
        if why == "lease":
            model.advance(MINUTE)
        elif why == "requeue":
            model.settle("t", "dead")
            model.requeue("a")
        else:
            model.settle("t", why)
    assert _broken(model, env, []) == rule


def test_a_grant_from_a_paused_queue_breaks_p1(model: Model, env: Env) -> None:
    _put(model, "a")
    _put(model, "b", queue="r")
    model.pause("q")
    assert _broken(model, env, ["a", "b"], queues=["q", "r"]) == "P1"
    check_grants(model, env, ["q", "r"], 10, ["b"])


def test_what_is_missing_beside_a_paused_queue_breaks_p1(model: Model, env: Env) -> None:
    _put(model, "a")
    _put(model, "b", queue="r")
    model.pause("q")
    assert _broken(model, env, [], queues=["q", "r"]) == "P1"
    assert _broken(model, env, [], queues=["r"]) == "E8"


def test_what_is_missing_after_a_resume_breaks_p1(model: Model, env: Env) -> None:
    _put(model, "a", "b")
    model.pause("q")
    check_grants(model, env, ["q"], 10, [])
    model.resume("q")
    assert _broken(model, env, []) == "P1"
    model.grant("a", "t", MINUTE)
    assert _broken(model, env, []) == "E8"


def test_wrong_order_breaks_o1(model: Model, env: Env) -> None:
    _put(model, "a", "b")
    _put(model, "high", priority=9)
    assert _broken(model, env, ["a", "high", "b"]) == "O1"
    assert _broken(model, env, ["high", "b", "a"]) == "O1"
    assert _broken(model, env, ["a"], limit=1) == "O1"
    check_grants(model, env, ["q"], 10, ["high", "a", "b"])


def test_the_earlier_since_comes_first(model: Model, env: Env) -> None:
    _put(model, "old")
    model.advance(1)
    _put(model, "new")
    assert _broken(model, env, ["new", "old"]) == "O1"


def test_the_earlier_queue_comes_first(model: Model, env: Env) -> None:
    _put(model, "a")
    _put(model, "z", queue="z", priority=9)
    assert _broken(model, env, ["z", "a"], queues=["q", "z"]) == "O1"
    check_grants(model, env, ["z", "q"], 10, ["z", "a"])


def test_equals_come_in_any_order_where_none_is_promised(model: Model) -> None:
    env = Env(Harness(), "judge", structs.replace(CAPABILITIES, fifo=False))
    _put(model, "a", "b")
    check_grants(model, env, ["q"], 10, ["b", "a"])


def test_instants_that_are_close_are_not_compared_where_time_is_not_exact(model: Model) -> None:
    env = Env(Offset(), "judge", CAPABILITIES)
    _put(model, "a", after=MINUTE)
    _put(model, "b", after=MINUTE)
    model.advance(MINUTE)
    check_grants(model, env, ["q"], 10, ["b", "a"])


def test_the_order_of_acceptance_is_for_instants_that_are_equal(model: Model) -> None:
    env = Env(Offset(), "judge", CAPABILITIES)
    _put(model, "a", after=MINUTE + 1)
    _put(model, "b", after=MINUTE)
    model.advance(MINUTE + 1)
    check_grants(model, env, ["q"], 10, ["b", "a"])


def test_enqueued_together_is_in_order_where_time_is_not_exact(model: Model) -> None:
    env = Env(Offset(), "judge", CAPABILITIES)
    _put(model, "a", "b")
    assert _broken(model, env, ["b", "a"]) == "O1"


@pytest.mark.parametrize("how", ["retry", "release", "lease"])
def test_what_came_back_keeps_its_place_where_time_is_exact(model: Model, how: str) -> None:
    _put(model, "a", "b")
    for id in ("a", "b"):
        model.grant(id, id, MINUTE)
    if how == "lease":
        model.advance(MINUTE)
    else:
        model.settle("a", how)
        model.settle("b", how)
    assert _broken(model, Env(Harness(), "judge", CAPABILITIES), ["b", "a"]) == "O1"
    check_grants(model, Env(Offset(), "judge", CAPABILITIES), ["q"], 10, ["b", "a"])


def _delivery(model: Model, env: Env, **changes: Any) -> None:
    job = model.grant("a", "t", MINUTE)
    end = env.clock.now_ms() + MINUTE
    message = structs.replace(
        job.message, **{name: value for name, value in changes.items() if hasattr(job.message, name)}
    )
    stated: dict[str, Any] = {"number": 1, "attempt": 1, "token": "t", "lease_end": end, "checkpoint": None}
    stated |= {name: value for name, value in changes.items() if name in stated}
    check_delivery(env, job, Delivery(message, **stated))


def test_a_delivery_as_enqueued_is_right(model: Model, env: Env) -> None:
    _put(model, "a", headers={"job": "x"}, key="k")
    _delivery(model, env)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"body": b"y"}, "B1"),
        ({"headers": {}}, "B2"),
        ({"queue": "r"}, "B2"),
        ({"key": None}, "B2"),
        ({"priority": 1}, "O3"),
        ({"attempt": 2}, "L2"),
        ({"number": 0}, "L3"),
        ({"lease_end": 1}, "L10"),
        ({"checkpoint": b"x"}, "P2"),
    ],
)
def test_a_delivery_that_differs_breaks_its_rule(model: Model, env: Env, changes: dict[str, Any], rule: str) -> None:
    _put(model, "a", headers={"job": "x"}, key="k")
    with pytest.raises(RuleViolation) as found:
        _delivery(model, env, **changes)
    assert found.value.rule == rule


def test_delivery_numbers_go_on_from_the_one_that_was_seen(model: Model, env: Env) -> None:
    _put(model, "a")
    _delivery(model, env, number=5)
    model.settle("t", "release")
    with pytest.raises(RuleViolation) as found:
        _delivery(model, env, number=3)
    assert found.value.rule == "L3"


def test_accepted_a_little_later_may_come_first_where_time_is_not_exact(model: Model) -> None:
    _put(model, "a")
    model.advance(1)
    _put(model, "b")
    check_grants(model, Env(Offset(), "judge", CAPABILITIES), ["q"], 10, ["b", "a"])
