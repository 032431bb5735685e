"""When to try again."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.errors import ConfigurationError
from jobkit.retry import DEFAULT_ATTEMPTS, FOREVER, Backoff, Retry, Wait, exponential, polynomial, rules

LAST = 2**31 - 1

attempts = st.one_of(st.integers(1, 100), st.integers(1, LAST))
seeds = st.text()


# Backoffs.


def test_exponential_doubles_from_two_seconds_to_an_hour_by_default() -> None:
    wait = exponential(jitter=0)
    assert [wait.seconds(attempt, "") for attempt in (1, 2, 3, 11, 12, 13)] == [2, 4, 8, 2048, 3600, 3600]


def test_polynomial_is_active_jobs() -> None:
    wait = polynomial(jitter=0)
    assert [wait.seconds(attempt, "") for attempt in (1, 2, 3, 7, 8)] == [3, 18, 83, 2403, 3600]


@given(
    attempt=attempts,
    seed=seeds,
    first=st.floats(0, 1e300),
    factor=st.floats(0, 1e300),
    cap=st.floats(0, 1e300),
    jitter=st.floats(0, 1),
)
def test_exponential_is_finite_and_within_its_cap_for_any_attempt(
    attempt: int, seed: str, first: float, factor: float, cap: float, jitter: float
) -> None:
    seconds = exponential(first, factor, cap, jitter).seconds(attempt, seed)
    assert 0 <= seconds <= min(cap, FOREVER)


@given(
    attempt=attempts,
    seed=seeds,
    power=st.floats(0, 1e300),
    plus=st.floats(0, 1e300),
    cap=st.floats(0, 1e300),
    jitter=st.floats(0, 1),
)
def test_polynomial_is_finite_and_within_its_cap_for_any_attempt(
    attempt: int, seed: str, power: float, plus: float, cap: float, jitter: float
) -> None:
    seconds = polynomial(power, plus, cap, jitter).seconds(attempt, seed)
    assert 0 <= seconds <= min(cap, FOREVER)


@given(
    attempt=st.integers(1, LAST - 1),
    first=st.floats(0, 1e6),
    factor=st.floats(1, 1e6),
    cap=st.floats(0, 1e9),
)
def test_exponential_never_gets_shorter(attempt: int, first: float, factor: float, cap: float) -> None:
    wait = exponential(first, factor, cap, jitter=0)
    assert wait.seconds(attempt, "") <= wait.seconds(attempt + 1, "")


def test_it_saturates_at_the_cap_instead_of_overflowing() -> None:
    assert exponential(jitter=0, cap=99).seconds(LAST, "") == 99
    assert polynomial(power=1e6, jitter=0, cap=99).seconds(LAST, "") == 99


@given(attempt=attempts, seed=seeds, jitter=st.floats(0, 1))
def test_jitter_takes_off_at_most_its_share(attempt: int, seed: str, jitter: float) -> None:
    whole, spread = exponential(jitter=0).seconds(attempt, seed), exponential(jitter=jitter).seconds(attempt, seed)
    assert whole * (1 - jitter) <= spread * (1 + 1e-9)
    assert spread <= whole


def test_jitter_is_seeded_by_the_job() -> None:
    wait = exponential()
    assert wait.seconds(3, "one") == wait.seconds(3, "one")
    assert len({wait.seconds(3, str(number)) for number in range(50)}) == 50


def test_jitter_takes_any_seed() -> None:
    assert 0 < exponential().seconds(1, "\ud800") <= 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: exponential(first=-1),
        lambda: exponential(factor=math.nan),
        lambda: exponential(cap=math.inf),
        lambda: exponential(jitter=1.5),
        lambda: exponential(jitter=-0.1),
        lambda: polynomial(power=math.inf),
        lambda: polynomial(plus=-2),
        lambda: Retry(wait=-1),
        lambda: Retry(wait=math.nan),
        lambda: Retry(wait=timedelta(seconds=-1)),
    ],
)
def test_numbers_that_make_no_wait_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError, match=r"is a finite number, at least 0|is a share between 0 and 1"):
        make()


def test_a_backoff_reads_as_it_is_written() -> None:
    assert repr(exponential(cap=60)) == "exponential(first=2, factor=2, cap=60, jitter=0.15)"
    assert repr(polynomial()) == "polynomial(power=4, plus=2, cap=3600, jitter=0.15)"


# Rules.


def test_the_defaults() -> None:
    rule = Retry()
    assert (rule.attempts, rule.on) == (5, Exception)
    assert isinstance(rule.wait, Backoff)
    assert 2 * 0.85 <= rule.seconds(1, ValueError(), "seed") <= 2


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (7, 7.0),
        (0.5, 0.5),
        (timedelta(minutes=2), 120.0),
        (1e300, FOREVER),
        (timedelta.max, FOREVER),
        (lambda attempt, error: attempt * 10, 30.0),
        (lambda attempt, error: timedelta(seconds=attempt), 3.0),
        (lambda attempt, error: 1.0 if isinstance(error, KeyError) else 2.0, 1.0),
        (lambda attempt, error: -5, 0.0),
        (lambda attempt, error: math.inf, FOREVER),
        (lambda attempt, error: math.nan, FOREVER),
    ],
)
def test_wait_is_seconds_a_timedelta_or_a_callable_of_attempt_and_error(wait: Wait, seconds: float) -> None:
    assert Retry(wait=wait).seconds(3, KeyError(), "seed") == seconds


@pytest.mark.parametrize("count", [0, -1, 2**31, 2.0, True, "5", None])
def test_attempts_are_a_number_of_starts(count: Any) -> None:
    with pytest.raises(ConfigurationError, match="attempts is 1 to"):
        Retry(attempts=count)


@pytest.mark.parametrize("count", [1, LAST])
def test_from_one_to_what_every_store_keeps(count: int) -> None:
    assert Retry(attempts=count).attempts == count


def test_forever_is_a_hundred_years() -> None:
    assert timedelta(seconds=FOREVER) == timedelta(days=36_500)


@pytest.mark.parametrize("on", ["ValueError", ValueError("x"), (ValueError, 3), int, None])
def test_on_is_an_exception_type_or_a_tuple_of_them(on: Any) -> None:
    with pytest.raises(ConfigurationError, match="on is an exception type or a tuple of them"):
        Retry(on=on)


@pytest.mark.parametrize("wait", ["soon", None, [1]])
def test_wait_is_nothing_else(wait: Any) -> None:
    with pytest.raises(ConfigurationError, match="wait is seconds, a timedelta or a callable"):
        Retry(wait=wait)


def test_the_first_rule_that_matches_wins() -> None:
    narrow, wide = Retry(on=ConnectionError, wait=1), Retry(on=OSError, wait=2)
    found = rules([narrow, wide], None)
    assert found.rule_for(ConnectionResetError()) is narrow
    assert found.rule_for(FileNotFoundError()) is wide
    assert rules([wide, narrow], None).rule_for(ConnectionResetError()) is wide


def test_no_rule_matches_what_nobody_named() -> None:
    found = rules(Retry(on=(KeyError, OSError)), None)
    assert found.rule_for(ValueError()) is None
    assert not found.covers(ValueError())
    assert found.covers(KeyError())


def test_on_is_every_exception_but_no_interrupt() -> None:
    found = rules(Retry(), None)
    assert found.covers(Exception())
    assert not found.covers(KeyboardInterrupt())


def test_causes_are_looked_at_too() -> None:
    wrapped = RuntimeError("can't charge")
    wrapped.__cause__ = ConnectionError("refused")
    assert rules(Retry(on=ConnectionError), None).covers(wrapped)
    assert rules(None, ConnectionError).discards(wrapped)
    assert not rules(Retry(on=KeyError), None).covers(wrapped)


def test_a_context_is_no_cause() -> None:
    error = RuntimeError("while handling another")
    error.__context__ = ConnectionError("refused")
    assert not rules(Retry(on=ConnectionError), None).covers(error)


def test_causes_in_a_circle_end() -> None:
    one, other = RuntimeError("one"), RuntimeError("other")
    one.__cause__, other.__cause__ = other, one
    assert not rules(Retry(on=KeyError), None).covers(one)


def test_discard_takes_a_type_or_a_tuple() -> None:
    assert rules(None, KeyError).discards(KeyError())
    assert rules(None, (KeyError, OSError)).discards(OSError())
    assert not rules(None, None).discards(KeyError())


def test_starts_are_limited_without_a_rule_too() -> None:
    assert rules(None, None).attempts == DEFAULT_ATTEMPTS == 5


def test_the_widest_rule_limits_the_starts() -> None:
    assert rules([Retry(attempts=2, on=KeyError), Retry(attempts=9, on=OSError)], None).attempts == 9


@pytest.mark.parametrize("retry", [[3], "Retry", (Retry(), ValueError)])
def test_retry_takes_rules_only(retry: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"retry takes jobkit.Retry\(...\), one or a list"):
        rules(retry, None)
