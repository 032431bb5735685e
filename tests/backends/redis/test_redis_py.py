"""Commands as bytes: by hiredis, and by redis-py where hiredis is not installed."""

from __future__ import annotations

from typing import Any

import pytest

from jobkit.backend import Message
from jobkit.backends.redis import redis_py
from jobkit.testing.redis.server import Server
from tests.backends.redis.clients import Open

pytestmark = pytest.mark.realtime

WORDS: list[str | bytes | int] = ["EVALSHA", b"\x00\xff\r\n", 12, "größe", ""]


def test_both_pack_alike(server: Server, clients: Open) -> None:
    connection = redis_py.connection(clients(server.url).settings)
    assert redis_py.pack(WORDS) == b"".join(connection.pack_command(*WORDS))


async def test_without_hiredis_jobs_pass_all_the_same(
    server: Server, clients: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_py, "_hiredis", None)
    assert redis_py.pack(WORDS) is None
    backend = clients(server.url)
    await backend.enqueue([Message("m", "q", b"\x00\xff\r\n")])
    (delivery,) = await backend.reserve(["q"], limit=1, lease=60_000)
    assert delivery.message.body == b"\x00\xff\r\n"


def test_versions_are_looked_up_once(server: Server, clients: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = clients(server.url).settings
    redis_py.connection(settings)
    monkeypatch.setattr("importlib.metadata.version", lambda name: pytest.fail(f"the version of {name} is looked up"))
    for make in (redis_py.connection, redis_py.blocking_connection):
        made: Any = make(settings)
        assert made.driver_info.formatted_name.startswith("redis-py(jobkit_v")
