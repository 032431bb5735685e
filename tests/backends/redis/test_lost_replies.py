"""The server did it, and the answer was lost: the client repeats the call, which has no second effect."""

from __future__ import annotations

import asyncio

import pytest
import redis

import jobkit
from jobkit.backend import (
    Accepted,
    Cancelled,
    Conflict,
    Dead,
    Deleted,
    Done,
    Duplicate,
    Extended,
    Extension,
    Indeterminate,
    KeyTaken,
    Message,
    NotFound,
    Requeued,
    Settled,
    Stale,
)
from jobkit.backends.redis.scripts import script
from jobkit.testing.redis.server import Server
from jobkit_conformance.transport.proxy import Proxy
from tests.backends.redis.clients import Open, lost_reply, url_through
from tests.realtime import SOON_OVER_MS

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

MINUTE = 60_000
MOVES = ("enqueue", "reserve", "settle", "extend", "remove", "requeue", "inspect")


@pytest.fixture(autouse=True)
def known_scripts(server: Server) -> None:
    """What gets lost shall be the answer of a move, and not that the server does not know its script yet."""
    with redis.Redis.from_url(server.url) as connection:
        for move in MOVES:
            connection.script_load(script(move).text)


async def test_a_repeated_enqueue_answers_as_it_was(server: Server, clients: Open) -> None:
    async with Proxy() as proxy:
        backend = clients(url_through(proxy, server))
        await backend.enqueue([Message("old", "q", b"", key="k")])
        proxy.arm(lost_reply())
        outcomes = await backend.enqueue(
            [
                Message("new", "q", b""),
                Message("old", "q", b"", key="k"),
                Message("old", "q", b"x"),
                Message("third", "q", b"", key="k"),
            ]
        )
        assert proxy.struck.is_set()
        accepted, *rest = outcomes
        assert isinstance(accepted, Accepted)
        assert rest == [Duplicate(), Conflict(), KeyTaken(by="old")]
        assert (await backend.counts("q")).ready == 2


async def test_a_job_that_ended_meanwhile_is_not_enqueued_again(server: Server, clients: Open) -> None:
    worker = clients()

    async def perform() -> None:
        (delivery,) = await worker.reserve(["q"], limit=1, lease=MINUTE)
        assert await worker.settle([Done(delivery.token)]) == [Settled()]

    async with Proxy() as proxy:
        backend = clients(url_through(proxy, server))
        await backend.queues()
        proxy.arm(lost_reply(perform))
        (outcome,) = await backend.enqueue([Message("a", "q", b"")])
        assert isinstance(outcome, Accepted)
        assert await worker.queues() == []


async def test_a_blocking_enqueue_likewise(server: Server, clients: Open) -> None:
    worker = clients()

    async def perform() -> None:
        (delivery,) = await worker.reserve(["q"], limit=1, lease=MINUTE)
        await worker.settle([Done(delivery.token)])

    async with Proxy() as proxy:
        blocking = clients(url_through(proxy, server)).blocking()
        await asyncio.to_thread(blocking.enqueue, [Message("first", "other", b"")])
        proxy.arm(lost_reply(perform))
        (outcome,) = await asyncio.to_thread(blocking.enqueue, [Message("a", "q", b"")])
        assert isinstance(outcome, Accepted)
        assert await worker.queues() == ["other"]
        await asyncio.to_thread(blocking.close)


async def test_a_repeated_settle_does_not_know(server: Server, clients: Open) -> None:
    async with Proxy() as proxy:
        backend = clients(url_through(proxy, server))
        await backend.enqueue([Message("a", "q", b""), Message("b", "q", b"")])
        one, two = await backend.reserve(["q"], limit=2, lease=MINUTE)
        proxy.arm(lost_reply())
        assert await backend.settle([Done(one.token)]) == [Indeterminate()]
        assert await backend.settle([Done(one.token), Done(two.token)]) == [Stale(), Settled()]


async def test_a_repeated_extend_extends(server: Server, clients: Open) -> None:
    async with Proxy() as proxy:
        backend = clients(url_through(proxy, server))
        await backend.enqueue([Message("a", "q", b"")])
        (held,) = await backend.reserve(["q"], limit=1, lease=MINUTE)
        proxy.arm(lost_reply())
        (outcome,) = await backend.extend([Extension(held.token, 2 * MINUTE)])
        assert isinstance(outcome, Extended)


async def test_what_a_reserve_took_whose_answer_was_lost_comes_back(server: Server, clients: Open) -> None:
    async with Proxy() as proxy:
        backend = clients(url_through(proxy, server))
        await backend.enqueue([Message("a", "q", b"")])
        proxy.arm(lost_reply())
        with pytest.raises(jobkit.BackendUnavailable):  # an empty answer would be a lie
            await backend.reserve(["q"], limit=1, lease=SOON_OVER_MS)
        (delivery,) = await backend.reserve(["q"], limit=1, lease=MINUTE, wait=20_000)
        assert delivery.attempt == 2, "a reply that never arrived counts as a delivery"


@pytest.mark.parametrize("verb", ["cancel", "delete", "requeue"])
async def test_a_repeated_verb_by_id_spares_the_next_job_of_that_id(server: Server, clients: Open, verb: str) -> None:
    other = clients()
    await other.enqueue([Message("a", "q", b"first")])
    if verb == "requeue":
        (held,) = await other.reserve(["q"], limit=1, lease=MINUTE)
        await other.settle([Dead(held.token, "why")])

    async def replace() -> None:
        await other.delete(["a"])
        await other.enqueue([Message("a", "q", b"second")])

    async with Proxy() as proxy:
        backend = clients(url_through(proxy, server))
        for name in ("remove", "requeue"):
            await backend._carrier.channel.call(["SCRIPT", "LOAD", script(name).text])
        await backend.queues()
        proxy.arm(lost_reply(replace, of=2))  # the first command only looks
        (outcome,) = await getattr(backend, verb)(["a"])
        assert proxy.struck.is_set()
        assert outcome == {"cancel": Cancelled(), "delete": Deleted(), "requeue": Requeued()}[verb]
        (stored,) = await other.get(["a"])
        assert not isinstance(stored, NotFound)
        assert stored.message.body == b"second"


async def test_a_repeated_cell_set_sets_once_and_says_so(server: Server, clients: Open) -> None:
    async with Proxy() as proxy:
        backend = clients(url_through(proxy, server))
        assert await backend.cell_get("tick") is None
        proxy.arm(lost_reply())
        assert await backend.cell_set("tick", b"noon", 0) == 1, "a version that it set itself is no other's"
        assert await backend.cell_get("tick") == (b"noon", 1)
