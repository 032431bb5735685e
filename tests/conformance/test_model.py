"""The model, by hand-written stories: what it answers is what the contract says."""

from __future__ import annotations

import pytest

from jobkit.backend import Message
from jobkit_conformance.model import Model


def _message(id: str = "a", **fields: object) -> Message:
    return Message(id, "q", b"x", **fields)  # type: ignore[arg-type]


@pytest.fixture
def model() -> Model:
    return Model()


def test_nothing_is_there_in_the_beginning(model: Model) -> None:
    assert model.ready("q") == []
    assert model.state("a") is None
    assert model.settle("no token", "done") is False
    assert model.extend("no token", 10) == "stale"
    assert (model.cancel("a"), model.requeue("a"), model.delete("a")) == ("not_found", "not_found", "not_found")


def test_an_id_is_known_or_in_conflict(model: Model) -> None:
    assert model.enqueue(_message()) == "accepted"
    assert model.enqueue(_message()) == "duplicate"
    assert model.enqueue(_message(priority=1)) == "conflict"


def test_a_delayed_job_is_scheduled_until_its_time(model: Model) -> None:
    model.enqueue(_message(after=10))
    assert model.state("a") == "scheduled"
    model.advance(9)
    assert model.state("a") == "scheduled"
    model.advance(1)
    assert model.state("a") == "ready"


def test_a_lease_is_over_at_its_end(model: Model) -> None:
    model.enqueue(_message())
    model.grant("a", "t1", 10)
    model.advance(9)
    assert model.state("a") == "leased"
    model.advance(1)
    assert model.state("a") == "ready"
    assert model.extend("t1", 10) == "lease_expired"
    assert model.settle("t1", "done") is True
    assert model.state("a") is None


def test_a_superseded_token_has_no_say(model: Model) -> None:
    model.enqueue(_message())
    model.grant("a", "t1", 10)
    model.advance(10)
    job = model.grant("a", "t2", 10)
    assert (job.attempt, job.number) == (2, 2)
    assert model.settle("t1", "done") is False
    assert model.extend("t1", 10) == "stale"
    assert model.settle("t2", "done") is True


def test_a_release_costs_no_attempt(model: Model) -> None:
    model.enqueue(_message())
    model.grant("a", "t1", 10)
    model.settle("t1", "release")
    job = model.grant("a", "t2", 10)
    assert (job.attempt, job.number) == (1, 2)
    model.settle("t2", "retry")
    assert model.grant("a", "t3", 10).attempt == 2


def test_a_retry_waits(model: Model) -> None:
    model.enqueue(_message())
    model.grant("a", "t1", 10)
    model.settle("t1", "retry", after=5)
    assert model.state("a") == "scheduled"
    model.advance(5)
    assert model.state("a") == "ready"


def test_a_dead_job_is_kept_and_revived(model: Model) -> None:
    model.enqueue(_message(key="k"))
    model.grant("a", "t1", 10)
    model.settle("t1", "dead", reason="why")
    assert (model.state("a"), model.jobs["a"].reason) == ("dead", "why")
    assert model.cancel("a") == "not_found"
    assert model.enqueue(_message("b", key="k")) == "accepted"
    assert model.requeue("a") == "key_taken:b"
    model.delete("b")
    assert model.requeue("a") == "requeued"
    assert model.grant("a", "t2", 10).attempt == 1


def test_a_key_is_held_while_its_job_lives(model: Model) -> None:
    model.enqueue(_message(key="k"))
    assert model.enqueue(_message("b", key="k")) == "key_taken:a"
    model.grant("a", "t1", 10)
    model.advance(20)
    assert model.enqueue(_message("b", key="k")) == "key_taken:a"
    model.settle("t1", "done")
    assert model.enqueue(_message("b", key="k")) == "accepted"


def test_another_key_is_held_by_nobody(model: Model) -> None:
    model.enqueue(_message(key="k"))
    assert model.enqueue(_message("b", key="l")) == "accepted"
    assert model.enqueue(_message("c")) == "accepted"
    assert (model.holder("k"), model.holder("l"), model.holder(None)) == ("a", "b", None)


def test_why_a_job_was_granted_is_known(model: Model) -> None:
    model.enqueue(_message())
    assert model.grant("a", "t1", 10).why == "enqueue"
    model.advance(10)
    assert model.grant("a", "t2", 10).why == "lease"
    model.settle("t2", "release")
    assert model.grant("a", "t3", 10).why == "release"


def test_what_was_over_long_ago_is_remembered_no_more(model: Model) -> None:
    model.enqueue(_message(remember=10))
    model.grant("a", "t1", 5)
    model.cancel("a")
    model.advance(100)
    assert model.remembered == {}


def test_a_cancelled_lease_ends_the_job(model: Model) -> None:
    model.enqueue(_message(key="k"))
    model.grant("a", "t1", 10)
    assert model.cancel("a") == "cancel_pending"
    assert model.extend("t1", 20) == "cancel_requested"
    model.advance(19)
    assert model.state("a") == "leased"
    model.advance(1)
    assert model.state("a") is None
    assert model.gone["a"] == "marked"
    assert model.settle("t1", "done") is False
    assert model.enqueue(_message("b", key="k")) == "accepted"


def test_a_cancelled_lease_is_ended_by_any_settle(model: Model) -> None:
    for how in ("done", "retry", "release", "dead"):
        model.enqueue(_message(how))
        model.grant(how, f"token of {how}", 10)
        model.cancel(how)
        assert model.settle(f"token of {how}", how) is True
        assert model.state(how) is None


def test_an_id_is_remembered_from_its_end_on(model: Model) -> None:
    model.enqueue(_message(remember=10))
    model.grant("a", "t1", 5)
    model.advance(3)
    model.settle("t1", "done")
    model.advance(9)
    assert model.enqueue(_message(priority=1)) == "duplicate"
    model.advance(1)
    assert model.enqueue(_message()) == "accepted"


def test_a_marked_job_is_remembered_from_its_lease_end_on(model: Model) -> None:
    model.enqueue(_message(remember=10))
    model.grant("a", "t1", 5)
    model.cancel("a")
    model.advance(14)
    assert model.enqueue(_message()) == "duplicate"
    model.advance(1)
    assert model.enqueue(_message()) == "accepted"


def test_deleting_forgets_at_once(model: Model) -> None:
    model.enqueue(_message(remember=10))
    assert model.delete("a") == "deleted"
    assert model.enqueue(_message(priority=1)) == "accepted"


def test_a_paused_queue_has_nothing_to_grant(model: Model) -> None:
    model.enqueue(_message())
    model.pause("q")
    assert model.ready("q") == []
    assert model.state("a") == "ready"
    model.resume("q")
    assert [job.message.id for job in model.ready("q")] == ["a"]
    assert model.resumed == {"q"}
    model.grant("a", "t1", 10)
    assert model.resumed == set()


def test_resuming_what_is_not_paused_is_nothing(model: Model) -> None:
    model.resume("q")
    assert model.resumed == set()


def test_a_checkpoint_is_its_holder_s(model: Model) -> None:
    model.enqueue(_message())
    model.grant("a", "t1", 10)
    assert model.extend("t1", 10, b"one") == "extended"
    assert model.extend("t1", 10) == "extended"
    model.advance(10)
    assert model.extend("t1", 10, b"late") == "lease_expired"
    job = model.grant("a", "t2", 10)
    assert model.extend("t1", 10, b"stale") == "stale"
    assert job.checkpoint == b"one"
    model.settle("t2", "retry")
    assert model.grant("a", "t3", 10).checkpoint == b"one"


@pytest.mark.parametrize("how", ["done", "dead", "deleted"])
def test_a_checkpoint_ends_with_its_job(model: Model, how: str) -> None:
    model.enqueue(_message())
    model.grant("a", "t1", 10)
    model.extend("t1", 10, b"here")
    if how == "deleted":
        model.delete("a")
    else:
        model.settle("t1", how)
    if how == "dead":
        model.requeue("a")
    else:
        model.enqueue(_message())
    assert model.grant("a", "t2", 10).checkpoint is None
    assert model.cut_short == {"a"}


def test_versions_of_a_cell_are_those_it_was_told(model: Model) -> None:
    assert model.version("c") == 0
    model.write("c", b"x", 3)
    model.write("c", b"y", 7)
    assert [model.version("c", behind) for behind in range(4)] == [7, 3, 0, 0]


def test_a_release_saves_one_attempt_and_not_the_next(model: Model) -> None:
    model.enqueue(_message())
    model.grant("a", "t1", 10)
    model.settle("t1", "release")
    assert model.grant("a", "t2", 10).attempt == 1
    model.advance(10)
    assert model.grant("a", "t3", 10).attempt == 2


def test_a_token_has_no_say_once_it_was_settled(model: Model) -> None:
    model.enqueue(_message())
    model.grant("a", "t1", 10)
    model.settle("t1", "retry")
    assert model.holds("t1") is None
    assert model.settle("t1", "done") is False


def test_a_live_job_is_not_requeued(model: Model) -> None:
    model.enqueue(_message())
    assert model.requeue("a") == "not_found"


def test_a_queue_that_is_paused_once_more_is_not_resumed(model: Model) -> None:
    model.pause("q")
    model.resume("q")
    assert model.resumed == {"q"}
    model.pause("q")
    assert model.resumed == set()
