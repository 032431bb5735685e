"""A private server for the session, and clients of a namespace that each test has for itself."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from jobkit.backends.redis import RedisBackend, factory
from jobkit.clock import Clock
from jobkit.connections import resolver
from jobkit.testing.redis.server import SURVIVES_KILL, Server
from tests.backends.redis.clients import Open


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server.start()
    yield server
    server.stop()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that a test may stop, fill or restart; it keeps what it has on disk."""
    server = Server.start(*SURVIVES_KILL)
    yield server
    server.stop()


@pytest.fixture
async def clients(server: Server) -> AsyncIterator[Open]:
    """Opens clients of this test's namespace, on the shared server unless another URL is given."""
    namespace = f"test-{os.urandom(6).hex()}"
    opened: list[RedisBackend] = []

    def make(url: str | None = None, clock: Clock | None = None) -> RedisBackend:
        backend = factory(url or server.url, namespace, clock)
        opened.append(backend)
        return backend

    yield make
    for backend in opened:
        await backend.close()


@pytest.fixture
def backend(clients: Open) -> RedisBackend:
    return clients()


@pytest.fixture(autouse=True)
def own_backends() -> Iterator[None]:
    """Apps keep their jobs where they say, and not where the test run says."""
    restore = resolver.override_backends(None)
    yield
    restore()
