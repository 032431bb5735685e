"""A server that is there and refuses for now: nothing was done, so the call is tried again, and then told as it is."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator

import pytest

import jobkit
from jobkit.backend import Accepted, Done, Message, Settled
from jobkit.backends.redis import RedisBackend
from jobkit.testing.redis.server import Server
from tests.backends.redis.refusing import Refusals

pytestmark = pytest.mark.realtime

SCRIPT = "script: 41b009a0255927630d706431ee18a9c1, on @user_script:12."
OLD = "ERR Error running script (call to f_41b009a0255927630d706431ee18a9c1): @user_script:12: @user_script: 12: -"

HERE = (
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "ASK 3999 127.0.0.1:6381",
    "NOREPLICAS Not enough good replicas to write.",
    f"NOREPLICAS Not enough good replicas to write. {SCRIPT}",
    f"{OLD}NOREPLICAS Not enough good replicas to write.",
)
"""After these the same connection is worth another try."""

ELSEWHERE = (
    "LOADING Redis is loading the dataset in memory",
    "READONLY You can't write against a read only replica.",
    f"READONLY You can't write against a read only replica. {SCRIPT}",
    f"{OLD}READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN The cluster is down",
    "CLUSTERDOWN Hash slot not served",
    "MOVED 3999 127.0.0.1:6381",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
)
"""After these another connection may lead to another server."""


@pytest.fixture
def refusals() -> Refusals:
    return Refusals()


@pytest.fixture
async def backend(server: Server, refusals: Refusals) -> AsyncIterator[RedisBackend]:
    backend = refusals.open(f"{server.url}?timeout=2000&slack=50", f"test-{os.urandom(6).hex()}")
    yield backend
    await backend.close()


@pytest.mark.parametrize("words", [*HERE, *ELSEWHERE])
async def test_once_is_not_noticed(backend: RedisBackend, refusals: Refusals, words: str) -> None:
    await backend.enqueue([Message("a", "q", b"")])
    assert refusals.connections == 1
    (held,) = await backend.reserve(["q"], limit=1, lease=60_000)
    refusals.arm(words, 1)
    assert await backend.settle([Done(held.token)]) == [Settled()], "the first time nothing was done"
    assert refusals.connections == (1 if words in HERE else 2)
    refusals.arm(words, 2)
    (accepted,) = await backend.enqueue([Message("b", "q", b"")])
    assert isinstance(accepted, Accepted)


@pytest.mark.parametrize("words", [*HERE, *ELSEWHERE])
async def test_always_is_told_in_time_and_the_same_client_goes_on(
    backend: RedisBackend, refusals: Refusals, words: str
) -> None:
    await backend.queues()
    refusals.arm(words, 1_000)
    begun = time.monotonic()
    with pytest.raises(jobkit.BackendUnavailable) as raised:
        await backend.reserve(["q"], limit=1, lease=60_000)
    assert time.monotonic() - begun < 2.5
    assert raised.value.__cause__ is not None
    refusals.arm("", 0)
    (accepted,) = await backend.enqueue([Message("a", "q", b"")])
    assert isinstance(accepted, Accepted)


@pytest.mark.parametrize("words", [*HERE, *ELSEWHERE])
async def test_a_waiting_reserve_waits_on(backend: RedisBackend, refusals: Refusals, words: str) -> None:
    """The command on which it waits is refused, and then those with which it looks."""
    await backend.enqueue([Message("a", "q", b"", after=150)])
    assert await backend.reserve(["q"], limit=1, lease=60_000) == []
    refusals.arm(words, 3)
    (delivery,) = await backend.reserve(["q"], limit=1, lease=60_000, wait=10_000)
    assert delivery.message.id == "a"
