"""How long a worker waits before it tries or looks again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import structs

import jobkit
from jobkit.backend import Capabilities
from jobkit.backends.inline import InlineBackend
from jobkit.events import Settled
from jobkit.worker.backoff import IDLE, MAX_RETRY_DELAY, Backoff
from tests.worker.recorder import Recorder


class Unlucky:
    """Nothing is taken off."""

    def random(self) -> float:
        return 0.0


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept, none of it for real."""
    rests: list[float] = []
    sleep = asyncio.sleep

    async def at_once(seconds: float) -> None:
        rests.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    return rests


@pytest.mark.parametrize("last", [MAX_RETRY_DELAY, IDLE])
async def test_it_doubles_up_to_the_last_and_begins_again(rests: list[float], last: float) -> None:
    host: Any = Unlucky()
    pause = Backoff(host, last)
    for _ in range(10):
        await pause.sleep()
    pause.reset()
    await pause.sleep()
    assert rests[:4] == [0.05, 0.1, 0.2, 0.4]
    assert rests[8:] == [last, last, 0.05]


class Mute(InlineBackend):
    """A store that can't call out."""

    @property
    def capabilities(self) -> Capabilities:
        return structs.replace(super().capabilities, wait=False)


async def test_a_store_that_can_not_call_out_is_looked_at_each_second(rests: list[float], recorder: Recorder) -> None:
    memory = Mute().memory
    app = jobkit.App(lambda url, namespace, clock: Mute(memory, clock))

    @app.job(name="late")
    async def late() -> None: ...

    async with jobkit.Worker(app):
        async with asyncio.timeout(20):
            while len(rests) < 12:
                await _turn()
        await late.aenqueue()
        await recorder.wait(Settled)
    assert IDLE / 2 <= max(rests) <= IDLE


async def _turn() -> None:
    """Let the loop go round once."""
    loop = asyncio.get_running_loop()
    turned = loop.create_future()
    loop.call_soon(turned.set_result, None)
    await turned
