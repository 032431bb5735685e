"""What several workers do at once: scenes that every run has, short ones for every single fault, and what is drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from jobkit.backend import Capabilities
from jobkit_conformance.scenario import (
    SECOND,
    Crash,
    Enqueue,
    Job,
    Partition,
    PauseProcess,
    Scenario,
    Sleep,
    StartWorker,
    Step,
    Stop,
)

HALF: Final = SECOND // 2
LONG: Final = 5 * SECOND
"""Longer than a lease, a limit, and a grace."""
LEASES: Final = (2 * SECOND, 3 * SECOND, 3 * SECOND)
TIMES: Final = (0, 0, HALF, 2 * SECOND, LONG)
RESTS: Final = (100, HALF, SECOND, 2 * SECOND)
SPANS: Final = (HALF, SECOND, 3 * SECOND, LONG)

RULES: Final = {
    "W1": "job whose worker died",
    "W2": "lease kept",
    "W3": "lease lost",
    "W4": "delivery beyond the limit",
    "W5": "job that nobody can read",
    "W6": "error of an odd kind",
    "W7": "worker asked to stop",
    "W8": "reserve beside a job",
    "W9": "worker cut off",
    "W10": "job to be tried again",
    "W12": "job whose worker died",
    "W13": "job past its limit",
    "R1": "another delivery",
    "L2": "another delivery",
    "L5": "settle or extend, stale",
    "L6": "settle or extend, stale",
}
"""The rules that workers are judged by, and without which coverage label there is nothing to say of them."""

_LOST: Final[list[Step]] = [Sleep(HALF), Crash(), Sleep(3 * SECOND)]
"""After it a job that ran has been lost, and its lease is over."""


def fixed_scenarios() -> Iterator[Scenario]:
    """One for each coverage label, in which nothing goes amiss by chance."""
    long = Job("a", ms=LONG)
    yield Scenario([[Job("a", ms=LONG, blocks=True)], [StartWorker()], [StartWorker()]])
    yield Scenario([[long], [StartWorker(), Sleep(HALF), PauseProcess(4 * SECOND)], [StartWorker()]])
    yield Scenario(
        [[Job("a", ms=LONG, stubborn=True)], [StartWorker(), Sleep(HALF), PauseProcess(4 * SECOND)], [StartWorker()]]
    )
    yield Scenario(
        [[Job("a", ms=LONG)], [StartWorker(), *_LOST, StartWorker(), *_LOST, StartWorker(), *_LOST, StartWorker()]]
    )
    yield Scenario([[Enqueue("a"), Job("b")], [StartWorker()]])
    yield Scenario(
        [[Job("a", fails=1, error="alien"), Job("b", fails=1, error="cancelled")], [StartWorker(concurrency=2)]]
    )
    yield Scenario([[Job("a", ms=HALF), Job("b", ms=LONG)], [StartWorker(concurrency=2), Sleep(100), Stop()]])
    yield Scenario(
        [[Job("a", ms=LONG)], [StartWorker(lease=2 * SECOND, grace=4 * SECOND), Sleep(SECOND), Stop()], [StartWorker()]]
    )
    yield Scenario([[Job("a", ms=HALF), Sleep(SECOND), Job("b")], [StartWorker(), Sleep(100), Partition(4 * SECOND)]])
    yield Scenario([[Job("a", ms=HALF, fails=1)], [StartWorker(), Sleep(100), Partition(HALF + 100)]])
    yield Scenario(
        [
            [long],
            [StartWorker()],
            [Sleep(HALF), StartWorker(), Sleep(HALF), Stop(), StartWorker(), Sleep(HALF), Crash()],
        ]
    )
    yield Scenario([[Job("a", ms=LONG, limited=True)], [StartWorker()]])
    yield Scenario([[Job("a", ms=2 * SECOND, limited=True, blocks=True)], [StartWorker()]])
    yield Scenario([[Job("a", ms=LONG, limited=True, stubborn=True), Job("b", ms=HALF)], [StartWorker()]])
    yield Scenario([[Job("a", ms=LONG, limited=True, blocks=True)], [StartWorker(lease=2 * SECOND)], [StartWorker()]])
    yield Scenario([[Job("a", child="b"), Job("c"), Job("d")], [StartWorker(concurrency=2)]])


def swept_scenarios() -> Iterator[Scenario]:
    """Short shifts, which are played once more for each thing that gets lost, and each command that kills a worker."""
    yield Scenario([[Job("a", ms=HALF)], [StartWorker(), Sleep(SECOND)]], faulty=True)
    yield Scenario([[Job("a", fails=1)], [StartWorker(), Sleep(HALF)]], faulty=True)
    yield Scenario([[Job("a", ms=2 * SECOND)], [StartWorker(), Sleep(HALF), Stop(), Sleep(SECOND)]], faulty=True)


def draw(chance: random.Random, capabilities: Capabilities) -> Scenario:
    """A few jobs, and one or two workers to whom something happens."""
    ids = [chr(ord("a") + number) for number in range(chance.randint(1, 4))]
    jobs: list[Step] = [_job(chance, id, capabilities) for id in ids]
    for place in range(len(jobs), 0, -1):
        if chance.random() < 0.4:
            jobs.insert(place, Sleep(chance.choice(RESTS)))
    workers = [_shift(chance) for _ in range(chance.choice((1, 2, 2)))]
    return Scenario([jobs, *workers], faulty=chance.random() < 0.4)


def _job(chance: random.Random, id: str, capabilities: Capabilities) -> Step:
    if chance.random() < 0.05:
        return Enqueue(id, again=True)
    ms = chance.choice(TIMES)
    return Job(
        id,
        ms=ms,
        fails=chance.choice((0, 0, 0, 1, 3)) if ms < SECOND else 0,
        error=chance.choice(("error", "error", "alien", "cancelled")),
        blocks=chance.random() < 0.15,
        stubborn=chance.random() < 0.2,
        limited=chance.random() < 0.25,
        child=f"{id} child" if chance.random() < 0.15 else None,
        priority=chance.randint(*capabilities.priority) if capabilities.priority and chance.random() < 0.2 else 0,
        after=chance.choice((HALF, SECOND)) if capabilities.delay and chance.random() < 0.2 else None,
    )


def _shift(chance: random.Random) -> list[Step]:
    """A worker, and what happens to it; where it is lost or stopped, perhaps another after it."""
    shift: list[Step] = [Sleep(chance.choice(RESTS))] if chance.random() < 0.3 else []
    shift.append(_work(chance))
    for _ in range(chance.choice((0, 1, 1, 2))):
        shift.append(Sleep(chance.choice(RESTS)))
        match chance.choice(("freeze", "freeze", "cut", "crash", "stop")):
            case "freeze":
                shift.append(PauseProcess(chance.choice(SPANS)))
            case "cut":
                shift.append(Partition(chance.choice(SPANS)))
            case "crash":
                shift += [Crash(), _work(chance)]
            case _:
                shift += [Stop(), *([_work(chance)] if chance.random() < 0.5 else [])]
    return shift


def _work(chance: random.Random) -> StartWorker:
    return StartWorker(
        chance.choice((1, 1, 2)), lease=chance.choice(LEASES), grace=chance.choice((0, SECOND, 4 * SECOND))
    )
