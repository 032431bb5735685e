"""The least rights that a client of one namespace needs, as the guide states them: no more, no fewer."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import jobkit
from jobkit.backend import Message
from jobkit.backends.redis import RedisBackend, factory
from jobkit.testing.redis.server import Server
from tests.backends.redis.every_verb import every_verb

pytestmark = pytest.mark.realtime

GUIDE = Path(__file__).parents[3] / "docs" / "redis.md"
SECRET = "s3cr3t"


def stated() -> list[str]:
    """The rule in the guide."""
    found = re.search(r"^ACL SETUSER jobkit on >PASSWORD (.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1).replace("\\\n", " ").replace("NAMESPACE", "shop").split()


@pytest.fixture
async def admin(own_server: Server) -> AsyncIterator[RedisBackend]:
    backend = factory(own_server.url, "shop", None)
    yield backend
    await backend.close()


async def allow(admin: RedisBackend, *rules: str) -> None:
    await admin._carrier.channel.call(["ACL", "SETUSER", "jobkit", "reset", "on", f">{SECRET}", *rules])


def as_user(server: Server, namespace: str) -> RedisBackend:
    return factory(server.url.replace("redis://", f"redis://jobkit:{SECRET}@"), namespace, None)


async def test_with_these_rights_everything_works(own_server: Server, admin: RedisBackend) -> None:
    await allow(admin, *stated())
    backend = as_user(own_server, "shop")
    await every_verb(backend)
    await backend.close()


async def test_they_end_at_the_namespace(own_server: Server, admin: RedisBackend) -> None:
    await allow(admin, *stated())
    other = as_user(own_server, "shop2")
    with pytest.raises(jobkit.BackendUnavailable, match=r"(?i)permission|access") as raised:
        await other.enqueue([Message("a", "q", b"")])
    assert SECRET not in str(raised.value)
    await other.close()


async def test_none_of_them_can_be_left_out(own_server: Server, admin: RedisBackend) -> None:
    call = admin._carrier.channel.call
    for command in (rule for rule in stated() if rule.startswith("+")):
        await allow(admin, *(rule for rule in stated() if rule != command))
        await call(["SCRIPT", "FLUSH"])
        await call(["ACL", "LOG", "RESET"])
        backend = as_user(own_server, "shop")
        with contextlib.suppress(jobkit.BackendUnavailable):
            await every_verb(backend)
        await backend.close()
        await admin.wipe()
        assert await call(["ACL", "LOG"]), f"nobody missed {command}"


async def test_who_may_not_be_woken_is_told(
    own_server: Server, admin: RedisBackend, caplog: pytest.LogCaptureFixture
) -> None:
    await allow(admin, *(rule for rule in stated() if rule != "+blpop"))
    backend = as_user(own_server, "shop")
    assert await backend.reserve(["q"], limit=1, lease=60_000, wait=100) == []
    assert await backend.reserve(["q"], limit=1, lease=60_000, wait=100) == []
    await backend.close()
    (told,) = [record.message for record in caplog.records if "BLPOP" in record.message]
    assert told.startswith("workers wait without being woken, and look only now and then: BLPOP is refused: ")
    assert "no permissions to run the 'blpop' command" in told
