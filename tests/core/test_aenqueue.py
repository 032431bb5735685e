"""``aenqueue``: a coroutine for whoever awaits it, and noticed when nobody does."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

import jobkit
from jobkit.enqueue.receipt import Receipt, Status
from jobkit.errors import NotAwaitedWarning, SignatureMismatch
from tests.core.stored_jobs import Shelf

Send = jobkit.Job[[int], None]


@pytest.fixture
def send(app: jobkit.App) -> Send:
    @app.job(name="shop.send", queue="mail")
    def send(user_id: int) -> None: ...

    return send


async def test_it_is_stored_when_awaited_and_not_before(send: Send, shelf: Shelf) -> None:
    coming = send.aenqueue(7)
    await asyncio.sleep(0)
    assert len(shelf) == 0
    receipt = await coming
    assert shelf.ids == [receipt.id]


def test_it_is_checked_at_the_call(send: Send) -> None:
    with pytest.raises(SignatureMismatch):
        send.aenqueue()  # type: ignore[call-arg,unused-coroutine]
    with pytest.raises(jobkit.LossyArgument):
        send.aenqueue("seven")  # type: ignore[arg-type,unused-coroutine]


async def _group(coming: Coroutine[Any, Any, Receipt]) -> Receipt:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(coming)
    return task.result()


async def _gather(coming: Coroutine[Any, Any, Receipt]) -> Receipt:
    (receipt,) = await asyncio.gather(coming)
    return receipt


WAYS: list[Callable[[Coroutine[Any, Any, Receipt]], Awaitable[Receipt]]] = [
    asyncio.create_task,
    asyncio.ensure_future,
    lambda coming: asyncio.wait_for(coming, 10),
    asyncio.shield,
    _gather,
    _group,
]


@pytest.mark.parametrize("way", WAYS)
async def test_it_is_a_coroutine_wherever_one_is_wanted(
    send: Send, shelf: Shelf, way: Callable[[Coroutine[Any, Any, Receipt]], Awaitable[Receipt]]
) -> None:
    receipt = await way(send.aenqueue(7))
    assert receipt.status is Status.ACCEPTED
    assert shelf.ids == [receipt.id]


def test_a_loop_runs_it_as_its_main_coroutine(send: Send, shelf: Shelf) -> None:
    receipt = asyncio.run(send.aenqueue(7))
    assert shelf.ids == [receipt.id]


def unawaited(make: Callable[[], object]) -> list[str]:
    """What is warned of when nobody awaits it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make()
        gc.collect()
    assert {each.category for each in caught} <= {NotAwaitedWarning}
    return [str(each.message) for each in caught]


def test_one_that_nobody_awaited_is_noticed(send: Send) -> None:
    expected = "[send.call(user_id=<int>)] was never awaited, so nothing was enqueued"
    assert unawaited(lambda: send.aenqueue(7)) == [expected]


def test_so_are_many(app: jobkit.App, send: Send) -> None:
    assert len(unawaited(lambda: app.aenqueue_many([send.call(1), send.call(2)]))) == 1


def test_one_that_was_awaited_closed_or_refused_at_the_call_is_not(send: Send) -> None:
    def refused() -> None:
        with pytest.raises(SignatureMismatch):
            send.aenqueue(8, 9)  # type: ignore[call-arg,unused-coroutine]

    assert unawaited(lambda: asyncio.run(send.aenqueue(7))) == []
    assert unawaited(lambda: send.aenqueue(7).close()) == []
    assert unawaited(refused) == []


async def test_one_that_was_cancelled_before_it_began_stored_nothing(send: Send, shelf: Shelf) -> None:
    task = asyncio.create_task(send.aenqueue(7))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(shelf) == 0


@pytest.mark.parametrize("close", [False, True])
async def test_it_is_awaited_once(send: Send, shelf: Shelf, *, close: bool) -> None:
    coming = send.aenqueue(7)
    if close:
        coming.close()
    else:
        await coming
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        await coming
    assert len(shelf) == (0 if close else 1)
