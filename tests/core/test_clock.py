"""Where time comes from."""

from __future__ import annotations

import time

import pytest

from jobkit.clock import MAX_MS, Clock, ManualClock, SystemClock


def test_the_system_clock_says_the_hosts_time_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= SystemClock().now_ms() <= time.time_ns() // 1_000_000


def test_the_system_clock_does_not_run_backwards_with_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    host = iter([5_000, 3_000, 6_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(host) * 1_000_000)
    clock = SystemClock()
    assert [clock.now_ms() for _ in range(3)] == [5_000, 5_000, 6_000]


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(1_000)
    assert (clock.now_ms(), clock.now_ms()) == (1_000, 1_000)
    clock.move(250)
    assert clock.now_ms() == 1_250


def test_a_manual_clock_moves_forward_only() -> None:
    clock = ManualClock(1_000)
    with pytest.raises(ValueError, match="a clock moves forward: -1 ms"):
        clock.move(-1)
    assert clock.now_ms() == 1_000


def test_who_waits_is_told_after_each_move_until_it_ends_that() -> None:
    clock = ManualClock(0)
    told: list[int] = []
    end = clock.subscribe(lambda: told.append(clock.now_ms()))
    clock.move(1)
    clock.move(0)
    end()
    clock.move(1)
    assert told == [1, 1]


def test_a_listener_may_end_its_subscription_when_told() -> None:
    clock = ManualClock(0)
    told: list[str] = []

    def once() -> None:
        told.append("once")
        end()

    end = clock.subscribe(once)
    clock.subscribe(lambda: told.append("each time"))
    clock.move(1)
    clock.move(1)
    assert told == ["once", "each time", "each time"]


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
def test_both_are_clocks(clock: object) -> None:
    assert isinstance(clock, Clock)


def test_the_last_instant_is_the_last_that_a_double_tells_from_the_next() -> None:
    assert float(MAX_MS) != float(MAX_MS + 1) == float(MAX_MS + 2)
