"""Many jobs that become due at one instant come by priority, in the order in which they were accepted."""

from __future__ import annotations

import random

import pytest

from jobkit.backend import Accepted, Done, Message
from jobkit.clock import ManualClock
from tests.backends.redis.clients import Open

pytestmark = pytest.mark.realtime

JOBS = 10_000


async def test_ten_thousand_of_ten_priorities_due_at_once(clients: Open) -> None:
    clock = ManualClock()
    backend = clients(clock=clock)
    due = clock.now_ms() + 60_000
    priorities = [random.Random(number).randrange(10) for number in range(JOBS)]
    messages = [Message(f"{number:05}", "q", b"x", priority=each, at=due) for number, each in enumerate(priorities)]
    for start in range(0, JOBS, 1_000):
        outcomes = await backend.enqueue(messages[start : start + 1_000])
        assert set(outcomes) == {Accepted(due)}
    clock.move(59_999)
    assert await backend.reserve(["q"], limit=1_000, lease=60_000) == []
    clock.move(1)
    granted: list[str] = []
    while found := await backend.reserve(["q"], limit=1_000, lease=60_000):
        granted += [delivery.message.id for delivery in found]
        await backend.settle([Done(delivery.token) for delivery in found])
    expected = sorted(range(JOBS), key=lambda number: (-priorities[number], number))
    assert granted == [f"{number:05}" for number in expected]


async def test_a_due_job_is_not_hidden_behind_many_that_are_not(clients: Open) -> None:
    clock = ManualClock()
    client = clients(clock=clock)
    for start in range(0, 5_000, 1_000):
        await client.enqueue([Message(f"later-{start + n}", "q", b"", after=10_000, priority=9) for n in range(1_000)])
    await client.enqueue([Message("now", "q", b"", priority=0)])
    assert [delivery.message.id for delivery in await client.reserve(["q"], limit=5, lease=60_000)] == ["now"]
