"""A call as a value, and the options that were stated."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jobkit
from jobkit import redaction
from jobkit.clock import MAX_MS
from jobkit.errors import InvalidArgument, SignatureMismatch
from jobkit.jobs.call import EPOCH, Call, Options, duration, instant, options
from jobkit.validation import MAX_DURATION

Job = jobkit.Job[[int, str], None]


@pytest.fixture
def send(app: jobkit.App) -> Job:
    @app.job(name="shop.send")
    def send(user_id: int, template: str = "welcome") -> None: ...

    return send


# Times.


@given(st.datetimes(datetime(1970, 1, 2), timezones=st.timezones()))
def test_an_instant_is_in_milliseconds_and_never_early(when: datetime) -> None:
    exact = (when - EPOCH) // timedelta(microseconds=1)
    assert 0 <= instant(when) * 1_000 - exact < 1_000


def test_an_instant_is_rounded_up() -> None:
    assert instant(EPOCH + timedelta(microseconds=1)) == 1
    assert instant(EPOCH + timedelta(milliseconds=1)) == 1


def test_the_zone_makes_no_difference() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert instant(noon) == instant(noon.astimezone(timezone(timedelta(hours=-7))))


def test_a_naive_time_is_not_one_instant() -> None:
    with pytest.raises(InvalidArgument, match=r"at has no time zone, so it is not one instant: use datetime.now"):
        options(at=datetime(2026, 7, 1))


@pytest.mark.parametrize("when", ["2026-07-01", 1_700_000_000, datetime(2026, 7, 1).date()])
def test_at_is_a_datetime(when: Any) -> None:
    with pytest.raises(InvalidArgument, match="at is a datetime with a time zone, not "):
        options(at=when)


def test_at_is_not_before_1970() -> None:
    with pytest.raises(InvalidArgument, match="at is not before 1970, not 1969-12-31T23:59:59"):
        options(at=EPOCH - timedelta(seconds=1))
    assert options(at=EPOCH).at == 0


def test_a_time_that_is_past_is_now_to_the_backend_and_no_error_here() -> None:
    assert options(at=datetime(1999, 1, 1, tzinfo=UTC)).at == 915_148_800_000


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        (0, 0),
        (1, 1_000),
        (0.0004, 0),
        (1.5, 1_500),
        (timedelta(hours=1), 3_600_000),
        (timedelta(microseconds=1_600), 2),
    ],
)
def test_a_duration_is_seconds_or_a_timedelta(value: float | timedelta, milliseconds: int) -> None:
    assert duration("delay", value) == milliseconds


@pytest.mark.parametrize("value", ["5", None, True, math.nan, math.inf, [1]])
def test_and_nothing_else(value: object) -> None:
    with pytest.raises(InvalidArgument, match="delay is seconds or a timedelta, not "):
        duration("delay", value)


@pytest.mark.parametrize("value", [-1, -0.001, timedelta(seconds=-1), 1e300, MAX_DURATION / 1000 + 1])
def test_it_is_neither_negative_nor_forever(value: float | timedelta) -> None:
    with pytest.raises(InvalidArgument, match="delay is not negative and at most 142,000 years"):
        duration("delay", value)


# Options.


def test_what_was_not_stated_is_not_there() -> None:
    assert options().stated() == {}
    assert options(priority=0, delay=0).stated() == {"priority": 0, "after": 0}


def test_a_job_has_a_delay_or_an_at() -> None:
    with pytest.raises(InvalidArgument, match="a job has a delay or an at, not both"):
        options(delay=1, at=EPOCH)


@pytest.mark.parametrize("priority", [-1, 10, 1.0, True, "5"])
def test_priorities_are_0_to_9(priority: Any) -> None:
    with pytest.raises(InvalidArgument, match="priority is 0 to 9, higher first, not "):
        options(priority=priority)


@pytest.mark.parametrize("kind", ["queue", "key", "id"])
@pytest.mark.parametrize("name", ["", "a\n", "x" * 256, "é" * 128, "\ud800", 7])
def test_names_are_checked_where_they_are_stated(kind: str, name: Any) -> None:
    with pytest.raises(InvalidArgument, match=f"^{kind} "):
        options(**{kind: name})


def test_remember_is_a_duration() -> None:
    assert options(remember=timedelta(days=1)).remember == 86_400_000
    with pytest.raises(InvalidArgument, match="remember is not negative"):
        options(remember=-1)


def test_later_options_take_the_place_of_earlier_ones() -> None:
    merged = options(queue="a", priority=3, key="k").merged(options(priority=5, id="i"))
    assert merged == options(queue="a", priority=5, key="k", id="i")


def test_a_later_at_takes_the_place_of_a_delay() -> None:
    assert options(delay=5).merged(options(at=EPOCH)) == options(at=EPOCH)
    assert options(at=EPOCH).merged(options(delay=5)) == options(delay=5)
    assert options(delay=5).merged(options(priority=1)) == options(delay=5, priority=1)


def test_merging_nothing_changes_nothing() -> None:
    stated = options(queue="a", delay=5)
    assert stated.merged(Options()) == stated


def test_they_read_as_using_takes_them() -> None:
    text = str(options(queue="mail", delay=1.5, key="k", remember=60))
    assert text == "queue='mail', delay=1.5, key='k', remember=60"
    assert str(options(at=EPOCH)) == "at=datetime.fromisoformat('1970-01-01T00:00:00+00:00')"


@given(st.integers(0, MAX_MS))
def test_any_instant_can_be_shown(at: int) -> None:
    shown = str(Options(at=at))
    if "fromisoformat" in shown:
        assert eval(shown.removeprefix("at="), {"datetime": datetime}) == EPOCH + timedelta(milliseconds=at)  # noqa: S307


# Calls.


def test_a_call_binds_at_once(send: Job) -> None:
    assert send.call(7, "x").arguments == {"user_id": 7, "template": "x"}
    with pytest.raises(SignatureMismatch):
        send.call()  # type: ignore[call-arg]


def test_calls_are_equal_by_what_they_mean(send: Job) -> None:
    assert send.call(7, "welcome") == send.call(user_id=7, template="welcome") == send.call(7)  # type: ignore[call-arg]
    assert send.call(7, "x") != send.call(8, "x")
    assert send.using(priority=1).call(7, "x") != send.call(7, "x")
    assert send.call(7, "x") != 7


def test_calls_of_different_jobs_are_not(app: jobkit.App, send: Job) -> None:
    @app.job(name="shop.other")
    def other(user_id: int, template: str) -> None: ...

    assert send.call(7, "x") != other.call(7, "x")


def test_a_call_is_no_key(send: Job) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(send.call(7, "x"))


def test_it_shows_no_values_unless_they_may_be_shown(send: Job) -> None:
    call = send.using(delay=60, queue="default").call(7, "secret")
    assert repr(call) == "send.using(queue='default', delay=60).call(user_id=<int>, template=<str>)"
    hide = redaction.show_arguments(shown=True)
    assert repr(call) == "send.using(queue='default', delay=60).call(user_id=7, template='secret')"
    hide()


def test_a_call_keeps_its_job_and_options(send: Job) -> None:
    call: Call = send.using(key="k").call(7, "x")
    assert call.job is send
    assert call.options == options(key="k")
