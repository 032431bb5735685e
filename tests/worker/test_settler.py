"""How a worker tells its backend what came of jobs, also one that claims little, or refuses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

import jobkit
from jobkit.backend import Capabilities, Delivery, Done, RetryAt, Settlement, SettleOutcome
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import CAPABILITIES
from jobkit.errors import BackendUnavailable, Unsupported
from jobkit.events import Ended, Settled
from jobkit.execute.outcome import Performed
from jobkit.worker.backoff import Backoff
from tests.conformance.honest import BareBackend
from tests.worker.recorder import Recorder


class Told(BareBackend):
    """Claims nothing optional, and writes down how it was told that jobs ended."""

    settled: list[Settlement]

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        outcomes = await super().settle(settlements)
        self.settled.extend(settlements)
        return outcomes


@pytest.fixture
def told() -> list[Settlement]:
    return []


@pytest.fixture
def bare(backend: InlineBackend, told: list[Settlement]) -> jobkit.App:
    def factory(url: str | None, namespace: str, clock: Any) -> Told:
        made = Told(backend.memory, clock)
        made.settled = told
        return made

    return jobkit.App(factory)


@pytest.mark.invariant
@pytest.mark.realtime
async def test_without_delay_a_job_waits_for_its_next_attempt_in_the_workers_hands(
    bare: jobkit.App, told: list[Settlement], recorder: Recorder
) -> None:
    began: list[float] = []

    @bare.job(name="fail", retry=jobkit.Retry(attempts=2, wait=0.2))
    async def fail() -> None:
        began.append(asyncio.get_running_loop().time())
        if len(began) == 1:
            raise ConnectionError

    @bare.job(name="other")
    async def other() -> None: ...

    async with jobkit.Worker(bare):
        await fail.aenqueue()
        await recorder.wait(Ended, 1)
        await other.aenqueue()
        ended = await recorder.wait(Settled, 3)
    assert [(event.job, event.outcome.state) for event in ended] == [
        ("other", Performed.SUCCEEDED),  # what waits keeps nobody from being settled
        ("fail", Performed.RETRYING),
        ("fail", Performed.SUCCEEDED),
    ]
    assert [type(each) for each in told] == [Done, RetryAt, Done]
    assert began[1] - began[0] >= 0.2


async def test_what_is_held_goes_to_others_when_the_worker_stops(
    bare: jobkit.App, told: list[Settlement], recorder: Recorder
) -> None:
    @bare.job(name="fail", retry=jobkit.Retry(attempts=2, wait=3600))
    async def fail() -> None:
        raise ConnectionError

    async with jobkit.Worker(bare):
        await fail.aenqueue()
        await recorder.wait(Ended, 1)
    assert [(type(each), getattr(each, "after", None)) for each in told] == [(RetryAt, 0)]


async def test_without_dead_letters_the_log_is_where_it_stands(
    bare: jobkit.App, told: list[Settlement], recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    @bare.job(name="fail")
    async def fail() -> None:
        raise ValueError("bad order")

    async with jobkit.Worker(bare):
        await fail.aenqueue()
        await recorder.wait(Settled, 1)
    assert [type(each) for each in told] == [Done]
    assert "bad order" in caplog.text
    assert "is not kept: this backend keeps no dead jobs" in caplog.text


@pytest.mark.invariant
@pytest.mark.realtime
async def test_what_waits_to_be_settled_is_as_soon_as_the_store_is_back(
    backend: InlineBackend, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Long(Backoff):
        FIRST = LAST = 3600.0

    monkeypatch.setattr("jobkit.worker.settler.Backoff", Long)
    refused: set[str] = set()

    class Away(InlineBackend):
        """Once the job runs, until a settle and a reserve were refused."""

        def refuse(self, verb: str) -> None:
            if started.is_set() and refused != {"settle", "reserve"}:
                refused.add(verb)
                raise BackendUnavailable("away")

        async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
            found = await super().reserve(queues, limit=limit, lease=lease, wait=0 if started.is_set() else wait)
            self.refuse("reserve")
            return found

        async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
            self.refuse("settle")
            return await super().settle(settlements)

    app = jobkit.App(lambda url, namespace, clock: Away(backend.memory, clock))
    started = asyncio.Event()

    @app.job(name="work")
    async def work() -> None:
        started.set()

    async with jobkit.Worker(app):
        await work.aenqueue()
        await recorder.wait(Settled, 1)
    assert refused == {"settle", "reserve"}


async def test_one_that_is_refused_keeps_no_other_from_being_settled(
    backend: InlineBackend, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(InlineBackend):
        @property
        def capabilities(self) -> Capabilities:
            return CAPABILITIES

        async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
            if any(isinstance(each, RetryAt) for each in settlements):
                raise Unsupported("delay", "this backend can't delay, whatever it claims")
            return await super().settle(settlements)

    app = jobkit.App(lambda url, namespace, clock: Refusing(backend.memory, clock))
    both = asyncio.Barrier(2)

    @app.job(name="fail", retry=jobkit.Retry(attempts=2, wait=1))
    async def fail() -> None:
        await both.wait()
        raise ConnectionError

    @app.job(name="work")
    async def work() -> None:
        await both.wait()

    with caplog.at_level(logging.ERROR):
        async with jobkit.Worker(app):
            await app.aenqueue_many([fail.call(), work.call()])
            (settled,) = await recorder.wait(Settled, 1)
    assert settled.job == "work"
    assert "can't be settled, and is performed again once its lease is over" in caplog.text


async def test_what_no_backend_may_raise_ends_no_worker(
    backend: InlineBackend, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[list[str]] = []

    class Odd(InlineBackend):
        """Fails over the first job, whatever it is told with, and has no outcome for the second."""

        async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
            jobs = [ids[each.token] for each in settlements]
            tried.append(jobs)
            if "a" in jobs:
                raise RuntimeError("a bug of the backend")
            return (await super().settle(settlements))[: None if "b" not in jobs else -1]

        async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
            found = await super().reserve(queues, limit=limit, lease=lease, wait=wait)
            ids.update({delivery.token: delivery.message.id for delivery in found})
            return found

    ids: dict[str, str] = {}
    app = jobkit.App(lambda url, namespace, clock: Odd(backend.memory, clock))
    together = asyncio.Barrier(3)

    @app.job(name="work")
    async def work() -> None:
        await together.wait()

    with caplog.at_level(logging.ERROR):
        async with jobkit.Worker(app):
            await app.aenqueue_many([work.using(id=id).call() for id in "abc"])
            (settled,) = await recorder.wait(Settled, 1)
    assert settled.id == "c"
    assert sorted(tried[0]) == ["a", "b", "c"]
    assert tried[1:] == [[id] for id in tried[0]], "each once by itself, and never again"
    assert "3 jobs can't be settled together, and are tried one by one" in caplog.text
    assert caplog.text.count("is performed again once its lease is over") == 2
