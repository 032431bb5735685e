"""What the triggers keep count of is what is there, whatever happened, and whatever nobody has cleared away yet."""

from __future__ import annotations

import random

import pytest

from jobkit.backend import Accepted, CancelPending, Counts, Dead, Done, Duplicate, Extension, Message, Release, RetryAt
from jobkit.backends.sqlite import SqliteBackend
from jobkit.clock import ManualClock
from jobkit.errors import InvalidArgument
from jobkit.lifecycle import State
from tests.backends.sqlite.clients import Open

MINUTE = 60_000


async def _one_by_one(backend: SqliteBackend, queue: str, clock: ManualClock) -> Counts:
    """Counted the slow way: every row, by what the words of the contract say of it now."""
    now = clock.now_ms()

    def count(condition: str) -> int:
        select = f"SELECT count(*) FROM jobs JOIN queues USING (queue) WHERE queues.name = ? AND {condition}"  # noqa: S608
        found: int = backend.store.read(lambda step: step.execute(select, (queue,)).fetchone()[0])
        return found

    return Counts(
        scheduled=count(f"phase = 0 AND since > {now}"),
        ready=count(f"phase IN (0, 1) AND since <= {now}"),
        leased=count(f"phase IN (1, 2) AND since > {now}"),
        dead=count("phase = 3"),
        oldest_ready=(await backend.counts(queue)).oldest_ready,
    )


async def test_counts_are_those_of_counting_one_by_one(clients: Open) -> None:
    clock, chance = ManualClock(), random.Random(7)
    backend = clients(clock=clock)
    tokens: list[str] = []
    seen: set[str] = set()
    for turn in range(400):
        ids = [f"j{chance.randrange(60)}" for _ in range(3)]
        match chance.randrange(9):
            case 0 | 1:
                after = chance.choice([None, None, MINUTE, 5 * MINUTE])
                queue = chance.choice("pq")
                unique = dict.fromkeys(ids)
                await backend.enqueue([Message(id, queue, b"", priority=turn % 3, after=after) for id in unique])
            case 2 | 3:
                found = await backend.reserve(["p", "q"], limit=4, lease=chance.choice([1, MINUTE, 3 * MINUTE]))
                tokens += [each.token for each in found]
            case 4 if tokens:
                token = tokens.pop(chance.randrange(len(tokens)))
                how = (Done(token), Release(token), RetryAt(token, after=chance.choice([0, MINUTE])), Dead(token, "x"))
                await backend.settle([how[turn % 4]])
            case 5:
                await backend.extend([Extension(token, MINUTE * (turn % 4 + 1)) for token in tokens[-3:]])
            case 6:
                await backend.cancel(ids)
            case 7:
                await backend.requeue(ids)
                if turn % 5 == 0:
                    await backend.purge("p", chance.choice([State.DEAD, State.READY, State.SCHEDULED]), 2)
            case _:
                clock.move(chance.choice([1, MINUTE, 2 * MINUTE]))
        for queue in "pq":
            counts = await backend.counts(queue)
            assert counts == await _one_by_one(backend, queue, clock), f"queue {queue} after turn {turn}"
            seen |= {state.value for state in State if getattr(counts, state.value)}
    assert seen == {"scheduled", "ready", "leased", "dead"}


async def _cancelled_leases(backend: SqliteBackend, jobs: int, remember: int | None = None) -> list[str]:
    """Jobs of which each is marked; their leases end in a minute."""
    ids = [f"m{number:05}" for number in range(jobs)]
    for start in range(0, jobs, 1000):
        some = ids[start : start + 1000]
        await backend.enqueue([Message(id, "q", b"", key=f"k{id}", remember=remember) for id in some])
        assert len(await backend.reserve(["q"], limit=1000, lease=MINUTE)) == len(some)
        assert await backend.cancel(some) == [CancelPending()] * len(some)
    return ids


async def test_more_leases_end_at_once_than_one_step_clears_away(clients: Open) -> None:
    """The last of them is met before it is its turn: it is over all the same."""
    clock = ManualClock()
    backend = clients(clock=clock)
    ids = await _cancelled_leases(backend, 2500)
    assert (await backend.counts("q")).leased == 2500
    clock.move(MINUTE)
    assert await backend.counts("q") == Counts()
    assert await backend.queues() == []
    assert (await backend.peek("q", State.LEASED)).jobs == []
    last = ids[-1]
    (by_id, by_key) = await backend.enqueue([Message(last, "q", b"new"), Message("x", "q", b"", key=f"k{ids[-2]}")])
    assert isinstance(by_id, Accepted)
    assert isinstance(by_key, Accepted)
    assert (await backend.counts("q")).ready == 2
    for _ in range(3):
        await backend.reserve(["none"], limit=1, lease=1)
    rows: int = backend.store.read(lambda step: step.execute("SELECT count(*) FROM jobs").fetchone()[0])
    assert rows == 2, "what is over is never cleared away"


async def test_one_that_is_met_before_its_turn_is_remembered_as_asked(clients: Open) -> None:
    clock = ManualClock()
    backend = clients(clock=clock)
    ids = await _cancelled_leases(backend, 1500, remember=10 * MINUTE)
    clock.move(MINUTE)
    last = ids[-1]
    assert await backend.enqueue([Message(last, "q", b"other")]) == [Duplicate()]
    clock.move(10 * MINUTE)
    (outcome,) = await backend.enqueue([Message(last, "q", b"other")])
    assert isinstance(outcome, Accepted)


async def test_a_purge_is_one_step_and_no_more(clients: Open) -> None:
    backend = clients()
    for start in range(0, 1500, 500):
        await backend.enqueue([Message(str(number), "q", b"") for number in range(start, start + 500)])
    with pytest.raises(InvalidArgument, match="limit is 0 to 1000 here, not 1001"):
        await backend.purge("q", State.READY, 1001)
    assert [await backend.purge("q", State.READY, 1000) for _ in range(3)] == [1000, 500, 0]
    assert await backend.queues() == []
