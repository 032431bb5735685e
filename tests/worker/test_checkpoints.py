"""A long job goes on where it was: after an error, after its worker stopped, and never over somebody else's word."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Sequence
from concurrent.futures import Future

import pytest

import jobkit
from jobkit.backend import ExtendOutcome, Extension, Message, Release
from jobkit.backends.inline import InlineBackend
from jobkit.clock import Clock
from jobkit.connections.resolver import BackendSource
from jobkit.errors import BackendUnavailable
from jobkit.events import Ended, Settled
from jobkit.execute.outcome import Performed
from jobkit.worker.leases import LeaseKeeper
from jobkit.worker.runtime import SYSTEM_RUNTIME
from tests.realtime import LEASE, SOON_OVER
from tests.worker.recorder import Recorder

HERE = jobkit.Retry(attempts=3, wait=0, on=LookupError)


async def test_the_next_attempt_goes_on_where_this_one_was(app: jobkit.App, recorder: Recorder) -> None:
    done: list[tuple[str, int]] = []

    @app.job(name="plain", retry=HERE)
    def plain() -> None:
        for page in range(jobkit.this_job().last_checkpoint(int, 0), 4):
            done.append(("plain", page))
            jobkit.this_job().checkpoint(page + 1)
            if page == 1:
                raise LookupError

    @app.job(name="later", retry=HERE)
    async def later() -> None:
        for page in range(jobkit.this_job().last_checkpoint(int, 0), 4):
            done.append(("later", page))
            await jobkit.this_job().acheckpoint(page + 1)
            if page == 1:
                raise LookupError

    async with jobkit.Worker(app):
        await app.aenqueue_many([plain.call(), later.call()])
        await recorder.wait(Settled, 4)
    for name in ("plain", "later"):
        assert [page for each, page in done if each == name] == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", ["plain", "later"])
async def test_a_worker_that_stops_waits_no_longer_than_to_the_next_one(
    app: jobkit.App, recorder: Recorder, backend: InlineBackend, kind: str
) -> None:
    first, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    @app.job(name="plain")
    def plain() -> None:
        for page in range(1_000):
            jobkit.this_job().checkpoint(page)
            loop.call_soon_threadsafe(first.set)
            go_on.wait(10)

    @app.job(name="later")
    async def later() -> None:
        for page in range(1_000):
            await jobkit.this_job().acheckpoint(page)
            first.set()
            await asyncio.to_thread(go_on.wait, 10)

    worker = jobkit.Worker(app, grace=60)
    await worker.start()
    await (plain.aenqueue() if kind == "plain" else later.aenqueue())
    await first.wait()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    go_on.set()
    await stopping
    (ended,) = recorder.of(Ended)
    assert ended.outcome.state is Performed.INTERRUPTED
    (again,) = await backend.reserve(["default"], limit=1, lease=60_000)
    assert (again.attempt, again.checkpoint) == (1, b"1")


class Keeping:
    """A keeper over a memory, one job that it holds, and what its backend is to do."""

    def __init__(self, memory: InlineBackend, lease: float = 60) -> None:
        self.down = threading.Event()
        self.asked: list[Sequence[Extension]] = []
        self.extended = asyncio.Event()
        self.told: list[object] = []
        self.lease_ms = round(lease * 1000)
        keeping, loop = self, asyncio.get_running_loop()

        class Client(InlineBackend):
            async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
                keeping.asked.append(extensions)
                loop.call_soon_threadsafe(keeping.extended.set)
                if keeping.down.is_set():
                    raise BackendUnavailable("away")
                return await super().extend(extensions)

        def factory(url: str | None, namespace: str, clock: Clock | None) -> InlineBackend:
            return Client(memory.memory)

        self.keeper = LeaseKeeper(
            BackendSource(factory, None, "n"), self.lease_ms, lambda token, news: self.told.append(news), SYSTEM_RUNTIME
        )


async def stored(future: Future[bool]) -> bool:
    async with asyncio.timeout(20):
        return await asyncio.wrap_future(future)


async def held(backend: InlineBackend, keeping: Keeping) -> str:
    await backend.enqueue([Message("a", "q", b"")])
    (found,) = await backend.reserve(["q"], limit=1, lease=keeping.lease_ms)
    keeping.keeper.track([found.token], asyncio.get_running_loop().time())
    return found.token


async def test_it_is_sent_at_once_and_extends(backend: InlineBackend) -> None:
    keeping = Keeping(backend)
    token = await held(backend, keeping)
    assert await stored(keeping.keeper.checkpoint(token, b"1"))
    assert [each.checkpoint for each in keeping.asked[-1]] == [b"1"]
    await backend.settle([Release(token)])
    (again,) = await backend.reserve(["q"], limit=1, lease=60_000)
    assert again.checkpoint == b"1"
    assert not await stored(keeping.keeper.checkpoint(token, b"2")), "the fence: this token has no say any more"
    await keeping.keeper.close()


@pytest.mark.realtime
async def test_while_the_backend_is_away_it_is_tried_again(backend: InlineBackend) -> None:
    keeping = Keeping(backend, lease=LEASE)
    token = await held(backend, keeping)
    keeping.down.set()
    future = keeping.keeper.checkpoint(token, b"1")
    await keeping.extended.wait()
    keeping.down.clear()
    assert await stored(future)
    await keeping.keeper.close()


async def test_until_the_lease_is_over(backend: InlineBackend) -> None:
    keeping = Keeping(backend, lease=SOON_OVER)
    token = await held(backend, keeping)
    keeping.down.set()
    assert not await stored(keeping.keeper.checkpoint(token, b"1"))
    await keeping.keeper.close()


@pytest.mark.realtime
async def test_of_two_at_once_the_later_one_is_stored(backend: InlineBackend) -> None:
    keeping = Keeping(backend, lease=LEASE)
    token = await held(backend, keeping)
    keeping.down.set()
    one, other = keeping.keeper.checkpoint(token, b"1"), keeping.keeper.checkpoint(token, b"2")
    keeping.down.clear()
    assert await stored(one)
    assert await stored(other)
    await backend.settle([Release(token)])
    (again,) = await backend.reserve(["q"], limit=1, lease=60_000)
    assert again.checkpoint == b"2"
    await keeping.keeper.close()


async def test_what_is_not_held_any_more_is_not_stored(backend: InlineBackend) -> None:
    keeping = Keeping(backend)
    token = await held(backend, keeping)
    keeping.keeper.untrack([token])
    assert not await stored(keeping.keeper.checkpoint(token, b"1"))
    await keeping.keeper.close()
    assert not await stored(keeping.keeper.checkpoint(token, b"1"))


@pytest.mark.realtime
async def test_who_had_nothing_to_keep_keeps_what_comes(backend: InlineBackend) -> None:
    keeping = Keeping(backend, lease=LEASE)
    token = await held(backend, keeping)
    keeping.keeper.untrack([token])
    async with asyncio.timeout(20):
        while keeping.keeper._next_check != math.inf:
            await asyncio.sleep(0)
        keeping.keeper.track([token], asyncio.get_running_loop().time())
        await keeping.extended.wait()
    await keeping.keeper.close()


async def test_who_comes_by_in_time_is_not_woken(backend: InlineBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    keeping, nudges = Keeping(backend), list[None]()
    token = await held(backend, keeping)
    async with asyncio.timeout(20):
        while keeping.keeper._next_check == 0.0:
            await asyncio.sleep(0)
    monkeypatch.setattr(keeping.keeper, "_wake_up", lambda: nudges.append(None))
    for _ in range(10):  # as batches of short jobs come and go
        keeping.keeper.untrack([token])
        keeping.keeper.track([token], asyncio.get_running_loop().time())
    assert nudges == []
    keeping.keeper.track([token], asyncio.get_running_loop().time() - 2 * keeping.lease_ms / 3000)
    assert nudges == [None], "its lease wants to be extended before the next look"
    monkeypatch.undo()
    await keeping.keeper.close()
