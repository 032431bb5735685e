"""Clients of two releases on one namespace, as a rolling deploy has them: what each leaves alone of the other's.

That both keep every rule together is asked among the long tests.
"""

from __future__ import annotations

import pytest

import jobkit
from jobkit.backend import Dead, Done, Extension, Message, Release
from jobkit.backends.redis import RedisBackend
from tests.backends.redis.clients import Open
from tests.backends.redis.versions import compatible, next_layout, turned_into

pytestmark = pytest.mark.realtime


async def test_what_another_release_adds_stays_where_it_is(clients: Open) -> None:
    own, other = clients(), turned_into(clients(), compatible)
    await other.enqueue([Message("a", "q", b"")])
    (held,) = await other.reserve(["q"], limit=1, lease=60_000)
    await own.extend([Extension(held.token, 60_000, b"half")])
    assert await state(own) == b"1 1 -zc"
    assert await own.settle([Release(held.token)]) != []
    (again,) = await own.reserve(["q"], limit=1, lease=60_000)
    assert (again.attempt, again.number, again.checkpoint) == (1, 2, b"half")
    assert await other.settle([Dead(again.token, "why")]) != []
    assert await state(own) == b"1 2 xz"


async def test_the_next_layout_takes_over_from_its_first_job_on(clients: Open) -> None:
    own, later = clients(), turned_into(clients(), next_layout)
    await own.enqueue([Message("a", "q", b"")])
    (held,) = await own.reserve(["q"], limit=1, lease=60_000)
    assert (await later.counts("q")).leased == 1, "what was there can be read"
    assert await own.extend([Extension(held.token, 60_000)]) != [], "looking at it changes nothing"
    await later.enqueue([Message("b", "q", b"")])
    with pytest.raises(jobkit.NewerLayout):
        await own.settle([Done(held.token)])
    assert await later.settle([Done(held.token)]) != []
    (next_one,) = await later.reserve(["q"], limit=5, lease=60_000)
    assert next_one.message.id == "b"


async def state(backend: RedisBackend) -> bytes:
    """What is kept of the job, without its token."""
    text: bytes = await backend._carrier.channel.call(["HGET", backend.keys.state, "a"])
    return text.rpartition(b" ")[0]
