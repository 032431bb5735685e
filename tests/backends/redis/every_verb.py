"""Every verb of a backend once, on every path through its scripts: for servers that are reached in their own ways."""

from __future__ import annotations

import asyncio
from unittest import mock

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelPending,
    Dead,
    Deleted,
    Done,
    Duplicate,
    Extended,
    Extension,
    KeyTaken,
    Message,
    Release,
    Requeued,
    RetryAt,
    Settled,
    Stale,
    Stored,
)
from jobkit.backends.redis import RedisBackend
from jobkit.backends.redis.notifier import Notifier
from jobkit.lifecycle import State
from tests.realtime import SOON_OVER_MS

MINUTE = 60_000


async def every_verb(backend: RedisBackend) -> None:
    """Leaves nothing behind but a cell and an id that is remembered."""
    await _through_a_life(backend)
    await _by_id(backend)
    await _waiting(backend)
    await _switches(backend)
    assert await backend.queues() == []


async def _through_a_life(backend: RedisBackend) -> None:
    first = Message("a", "q", b"\x00\xff", key="k", remember=MINUTE, headers={"job": "x"})
    later, again = Message("later", "q", b"", after=MINUTE, priority=9), Message("again", "q", b"")
    assert len(await backend.enqueue([first, later, again])) == 3
    assert await backend.enqueue([first, Message("b", "q", b"", key="k")]) == [Duplicate(), KeyTaken(by="a")]
    one, two = await backend.reserve(["other", "q"], limit=5, lease=MINUTE)
    (extended,) = await backend.extend([Extension(one.token, 2 * MINUTE, b"half way")])
    assert isinstance(extended, Extended)
    assert await backend.settle([Release(one.token), RetryAt(two.token, after=0)]) == [Settled()] * 2
    one, two = await backend.reserve(["q"], limit=5, lease=MINUTE)
    assert (one.message, one.checkpoint, two.checkpoint) == (first, b"half way", None)
    assert await backend.settle([Done(one.token), Dead(two.token, "why")]) == [Settled()] * 2
    assert await backend.enqueue([first]) == [Duplicate()], "it is remembered"
    assert await backend.requeue(["again"]) == [Requeued()]
    (again_one,) = await backend.reserve(["q"], limit=5, lease=MINUTE)
    assert await backend.settle([Done(again_one.token)]) == [Settled()]
    assert await backend.cancel(["later"]) == [Cancelled()]


async def _by_id(backend: RedisBackend) -> None:
    await backend.enqueue([Message(id, "q", b"", key=id, remember=1) for id in ("held", "seen", "gone")])
    await backend.enqueue([Message("kept", "q", b"", priority=1)])
    kept, held = await backend.reserve(["q"], limit=2, lease=MINUTE)
    assert await backend.cancel(["held"]) == [CancelPending()]
    counts = await backend.counts("q")
    assert (counts.ready, counts.leased) == (2, 2)
    (stored,) = await backend.get(["seen"])
    assert isinstance(stored, Stored)
    assert [each.message.id for each in (await backend.peek("q", State.READY)).jobs] == ["seen", "gone"]
    assert await backend.delete(["gone"]) == [Deleted()]
    assert await backend.purge("q", State.READY, 10) == 1
    await backend.extend([Extension(each.token, SOON_OVER_MS) for each in (kept, held)])
    (again,) = await backend.reserve(["q"], limit=1, lease=MINUTE, wait=20_000)  # both leases are over
    assert (kept.message.id, again.message.id) == ("kept", "kept")
    assert await backend.settle([Done(held.token), Done(again.token)]) == [Stale(), Settled()]
    assert await backend.queues() == []


async def _waiting(backend: RedisBackend) -> None:
    bell, waits = backend._bell(["q"]), asyncio.Event()  # its own: others may do the same meanwhile

    async def seen(seconds: float) -> None:
        waits.set()
        await Notifier.wait(bell, seconds)

    with mock.patch.object(bell, "wait", seen):
        waiting = asyncio.create_task(backend.reserve(["q"], limit=1, lease=MINUTE, wait=10_000))
        await waits.wait()
    blocking = backend.blocking()
    (accepted,) = await asyncio.to_thread(blocking.enqueue, [Message("woken", "q", b"")])
    assert isinstance(accepted, Accepted)
    (delivery,) = await waiting
    await asyncio.to_thread(blocking.close)
    assert await backend.settle([Done(delivery.token)]) == [Settled()]
    assert await backend.reserve(["q"], limit=1, lease=MINUTE) == [], "what need not be known any more is forgotten"


async def _switches(backend: RedisBackend) -> None:
    await backend.pause("q")
    await backend.resume("q")
    found = await backend.cell_get("cell")
    version = found[1] if found else 0
    assert await backend.cell_set("cell", b"value", version) == version + 1
    assert await backend.cell_get("cell") == (b"value", version + 1)
