"""D1, with real processes: what SIGKILL leaves behind, at every statement and at any moment."""

from __future__ import annotations

import random

import pytest

from jobkit.backend import Accepted, Duplicate, Message
from tests.backends.sqlite.clients import Open, run, start
from tests.realtime import LEASE_MS

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

GONE = {"a": None, "b": None, "c": None}


def test_a_death_at_any_statement_leaves_all_of_a_verb_or_nothing(url: str) -> None:
    found = run("sweep", url)
    ends = {verb: (seen["before"], seen["after"]) for verb, seen in found.items()}
    leased, ready = [{id: [state, attempt] for id in "abc"} for state, attempt in (("leased", 1), ("ready", 0))]
    assert ends["enqueue"] == (GONE, ready)
    assert ends["reserve"] == (ready, leased)
    assert ends["settle"] == (leased, {"a": None, "b": ["scheduled", 1], "c": ["dead", 1]})
    assert ends["cancel"] == (ready, GONE)
    for verb, seen in found.items():
        assert seen["deaths"] >= 10, f"{verb} has {seen['deaths']} statements to die at"
        halves = [state for state in seen["states"] if state not in ends[verb]]
        assert not halves, f"{verb}, cut short: {halves}"


def test_the_sweep_sees_a_verb_that_is_not_one_transaction(url: str) -> None:
    found = run("sweep", url, "torn")
    torn = [
        verb for verb, seen in found.items() if any(s not in (seen["before"], seen["after"]) for s in seen["states"])
    ]
    assert sorted(torn) == ["cancel", "enqueue", "reserve", "settle"]


@pytest.mark.parametrize("durable", ["fsync", "process"])
async def test_what_was_accepted_survives_its_producer(clients: Open, url: str, durable: str) -> None:
    accepted = 0
    for turn in range(4):
        with start("produces", f"{url}?durable={durable}", "test", 10_000, accepted) as producer:
            assert producer.stdout is not None
            for _ in range(random.Random(turn).randrange(5, 60)):
                accepted = int(producer.stdout.readline()) + 1
            producer.kill()
            accepted += len([line for line in producer.stdout.read().splitlines(keepends=True) if line.endswith("\n")])
        backend = clients()
        outcomes = await backend.enqueue([Message(str(n), "q", b"body", key=f"k{n}") for n in range(accepted)])
        assert outcomes == [Duplicate()] * accepted
        # Of the one that was under way nobody was told, so it may be there or not; whole, in either case.
        (outcome,) = await backend.enqueue([Message(str(accepted), "q", b"body", key=f"k{accepted}")])
        assert isinstance(outcome, Duplicate | Accepted)
        accepted += 1
        assert (await backend.counts("q")).ready == accepted


async def test_what_a_killed_worker_held_is_granted_again(clients: Open, url: str) -> None:
    backend, jobs, lease = clients(), 300, LEASE_MS
    await backend.enqueue([Message(str(number), "q", b"") for number in range(jobs)])
    ended: list[str] = []
    for turn in range(4):
        with start("works", url, "test", lease, 0) as worker:
            assert worker.stdout is not None
            ended += [worker.stdout.readline() for _ in range(random.Random(turn).randrange(3, 40))]
            worker.kill()
            ended += [line for line in worker.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    with start("works", url, "test", lease, 2 * lease) as worker:
        said, _ = worker.communicate(timeout=60)
    ended += said.splitlines()
    ids, attempts = zip(*(line.split() for line in ended), strict=True)
    assert len(ids) == len(set(ids)), "a job that was settled as done came again"
    # Four were killed; each may have settled one that it could not tell of any more.
    assert jobs - 4 <= len(ids) <= jobs
    assert {"1", "2"} >= set(attempts)
    counts = await backend.counts("q")
    assert (counts.ready, counts.leased) == (0, 0)
