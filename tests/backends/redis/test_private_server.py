"""The private server of a run of tests is that of this run, whatever else listens on the machine."""

from __future__ import annotations

import pytest
import redis

from jobkit.testing.redis import server as servers
from jobkit.testing.redis.server import Server

pytestmark = pytest.mark.realtime


def test_a_port_that_another_server_takes_first_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look for a free port and the start of a server on it."""
    other = Server.start()
    ports = iter([other.port])
    free_port = servers.free_port
    monkeypatch.setattr(servers, "free_port", lambda: next(ports, 0) or free_port())
    server = Server.start()
    try:
        assert server.port != other.port
        with redis.Redis(port=server.port) as client:
            assert client.info("server")["process_id"] == server._pid
    finally:
        server.stop()
        other.stop()
