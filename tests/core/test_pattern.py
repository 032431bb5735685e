"""What a test expects of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

import jobkit
from jobkit import redaction
from jobkit.errors import InvalidArgument, SignatureMismatch, UnknownQueue
from jobkit.jobs.call import EPOCH
from jobkit.jobs.pattern import Pattern, contains

Job = jobkit.Job[..., None]


@dataclass
class Seen:
    """A job as a test saw it."""

    job_name: str = "shop.send"
    args: Mapping[str, object] = field(default_factory=lambda: {"user_id": 7, "template": "welcome"})
    queue: str = "mail"
    priority: int = 3
    key: str | None = "k"
    due_ms: int = 90_000
    enqueued_ms: int = 30_000
    parent_name: str | None = None


@pytest.fixture
def send(app: jobkit.App) -> Job:
    app.queue("mail", aliases=["post"])

    @app.job(name="shop.send", queue="mail")
    def send(user_id: int, template: str = "welcome") -> None: ...

    return send


@pytest.fixture
def other(app: jobkit.App) -> Job:
    @app.job(name="shop.other")
    def other(user_id: int, template: str = "welcome") -> None: ...

    return other


def test_a_call_matches_jobs_with_equal_arguments(send: Job) -> None:
    assert send.call(7).pattern.matches(Seen())
    assert send.call(user_id=7, template="welcome").pattern.matches(Seen())
    assert not send.call(8).pattern.matches(Seen())


def test_it_matches_no_job_of_another_name(other: Job) -> None:
    assert not other.call(7).pattern.matches(Seen())


def test_options_count_where_they_are_stated(send: Job) -> None:
    for stated in (send.using(queue="post"), send.using(priority=3), send.using(key="k"), send.using(delay=60)):
        assert stated.call(7).pattern.matches(Seen())
    assert send.using(at=EPOCH + timedelta(seconds=90)).call(7).pattern.matches(Seen())
    for stated in (send.using(queue="default"), send.using(priority=2), send.using(key="l"), send.using(delay=61)):
        assert not stated.call(7).pattern.matches(Seen())


def test_it_is_narrowed_step_by_step(send: Job) -> None:
    call = send.call(7)
    at = EPOCH + timedelta(seconds=90)
    assert call.on("mail").at(at).after(60).priority(3).key("k").by(None).matches(Seen())
    for narrowed in (
        call.on("default"),
        call.at(at + timedelta(milliseconds=1)),
        call.after(timedelta(seconds=61)),
        call.now(),
        call.priority(4),
        call.key("other"),
        call.by(send),
    ):
        assert not narrowed.matches(Seen())


def test_now_is_not_delayed(send: Job) -> None:
    assert send.call(7).now().matches(Seen(due_ms=30_000))
    assert send.call(7).now().matches(Seen(due_ms=10_000)), "a due time that is past is now"


def test_by_is_the_job_that_enqueued(send: Job, other: Job) -> None:
    assert send.call(7).by(other).matches(Seen(parent_name="shop.other"))
    assert not send.call(7).by(None).matches(Seen(parent_name="shop.other"))


def test_a_partial_compares_the_named_arguments_only(send: Job) -> None:
    assert send.partial().matches(Seen())
    assert send.partial(user_id=7).matches(Seen())
    assert not send.partial(user_id=8).matches(Seen())


def test_a_partial_names_parameters(send: Job) -> None:
    with pytest.raises(SignatureMismatch, match=r"no parameter 'user'.*did you mean 'user_id'\?"):
        send.partial(user=7)


@pytest.mark.parametrize(
    ("expected", "actual", "fits"),
    [
        ({}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, True),
        ({"a": 2}, {"a": 1}, False),
        ({"b": 1}, {"a": 1}, False),
        ({"a": 1}, 1, False),
        ([1], [1, 2], False),
        (1, 1, True),
    ],
)
def test_nested_mappings_are_compared_by_containment(expected: object, actual: object, *, fits: bool) -> None:
    assert contains(expected, actual) is fits


class Positive:
    """A value that knows how to be equal."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and other > 0

    __hash__ = None  # type: ignore[assignment]


def test_expected_values_may_be_anything_that_knows_how_to_be_equal(send: Job) -> None:
    expected: Any = Positive()
    assert send.call(expected).pattern.matches(Seen())
    assert not send.call(expected).pattern.matches(Seen(args={"user_id": -1, "template": "welcome"}))


def test_a_comparison_shows_everything_stated_beside_what_is_there(send: Job) -> None:
    hide = redaction.show_arguments(shown=True)
    fields = send.using(queue="mail").call(8).after(61).compare(Seen())
    assert [(each.name, each.expected, each.actual, each.equal) for each in fields] == [
        ("user_id", "8", "7", False),
        ("template", "'welcome'", "'welcome'", True),
        ("queue", "'mail'", "'mail'", True),
        ("delay", "0:01:01", "0:01:00", False),
    ]
    hide()


def test_an_argument_on_one_side_only_is_said(send: Job) -> None:
    fields = send.call(7).pattern.compare(Seen(args={"user_id": 7, "gone": 1}))
    assert [(each.name, each.expected, each.actual) for each in fields if not each.equal] == [
        ("template", "<str>", "no such argument"),
        ("gone", "no such argument", "<int>"),
    ]


def test_an_unknown_queue_is_an_error_in_a_pattern_too(send: Job) -> None:
    with pytest.raises(UnknownQueue, match=r"did you mean 'mail'\?"):
        send.call(7).on("mial")


def test_times_are_checked_as_in_using(send: Job) -> None:
    with pytest.raises(InvalidArgument, match="at has no time zone"):
        send.call(7).at(EPOCH.replace(tzinfo=None))


def test_it_reads_as_it_is_written(send: Job, other: Job) -> None:
    hide = redaction.show_arguments(shown=True)
    pattern = send.call(7).on("post").after(60).priority(3).key("k").by(other)
    assert repr(pattern) == (
        "send.call(user_id=7, template='welcome').on('mail').after(60).priority(3).key('k').by(other)"
    )
    assert repr(send.partial(user_id=7).now()) == "send.partial(user_id=7).now()"
    hide()
    assert repr(send.partial(user_id=7)) == "send.partial(user_id=<int>)"


def test_it_can_not_be_enqueued(app: jobkit.App, send: Job) -> None:
    pattern = send.partial(user_id=7)
    assert isinstance(pattern, Pattern)
    with pytest.raises(TypeError, match=r"enqueue_many takes job.call\(...\) and the like, not Pattern"):
        app.enqueue_many([pattern])  # type: ignore[list-item]
