"""From which queue the next jobs are taken."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jobkit
from jobkit.events import Started
from jobkit.worker.queue_order import StrictOrder, WeightedRoundRobin
from tests.worker.recorder import Recorder


def test_strict_is_always_the_same() -> None:
    order = StrictOrder(["urgent", "mail"])
    assert [order.next() for _ in range(3)] == [["urgent", "mail"]] * 3


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), min_size=1))
def test_each_comes_first_as_often_as_its_weight_says(weights: dict[str, int]) -> None:
    order = WeightedRoundRobin(weights)
    rounds = [order.next() for _ in range(3 * sum(weights.values()))]
    assert Counter(first for first, *_ in rounds) == {name: 3 * weight for name, weight in weights.items()}
    assert all(sorted(each) == sorted(weights) for each in rounds), "the others come after it"


def test_they_take_turns_and_no_bursts() -> None:
    order = WeightedRoundRobin({"a": 3, "b": 1})
    assert [order.next()[0] for _ in range(8)] == list("aabaaaba")


async def test_jobs_start_by_the_weights_of_their_queues(app: jobkit.App, recorder: Recorder) -> None:
    app.queue("mail")
    app.queue("slow")

    @app.job(name="shop.job")
    async def job() -> None: ...

    calls = [job.using(queue=queue).call() for queue in ("mail", "slow") for _ in range(40)]
    await app.aenqueue_many(calls)
    async with jobkit.Worker(app, weights={"mail": 3}, queues=["mail", "slow"], concurrency=1):
        await recorder.wait(Started, 40)
    first = Counter(started.queue for started in recorder.of(Started)[:40])
    assert first == {"mail": 30, "slow": 10}


async def test_an_earlier_queue_is_emptied_first_without_weights(app: jobkit.App, recorder: Recorder) -> None:
    app.queue("mail")
    app.queue("slow")

    @app.job(name="shop.job")
    async def job() -> None: ...

    await app.aenqueue_many([job.using(queue=queue).call() for queue in ("slow", "mail") for _ in range(5)])
    async with jobkit.Worker(app, queues=["mail", "slow"], concurrency=1):
        await recorder.wait(Started, 10)
    assert [started.queue for started in recorder.of(Started)] == ["mail"] * 5 + ["slow"] * 5


def test_a_weight_of_an_unknown_queue_is_refused(app: jobkit.App) -> None:
    with pytest.raises(jobkit.UnknownQueue):
        jobkit.Worker(app, weights={"mial": 3})
