"""How dramatiq presents itself: what its documentation declares, and the settings with which that takes seconds.

``heartbeat_timeout`` (a minute by default) is three seconds here: after it a process that is not heard of is taken to
be lost, and its messages go back to their queue. Maintenance, by default with a chance of one in a thousand, comes with
each command, so that this does not depend on luck. ``socket_timeout`` is for its client of Redis, which has none by
default. The documentation speaks of messages that are delivered at least once, in no particular order, and does not
count the crashes of workers as attempts: neither is asked. https://dramatiq.io/reference.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import redis

from jobkit.testing.redis.server import Server
from jobkit_conformance import Declared, SystemHarness

HEARTBEAT = 3.0
STOPPING = 20.0


class Harness(SystemHarness):
    """On a private server; ``python`` is the interpreter that has dramatiq."""

    declared = Declared(lease=HEARTBEAT, slack=3.0, grace=STOPPING, timeout=6.0)
    enqueue = "dramatiq_jobs:enqueue"

    def __init__(self, python: Path) -> None:
        self.python = str(python)  # type: ignore[misc]  # where it was installed
        self._server = Server.start()

    def worker(self, slots: int) -> Sequence[str]:
        return [
            *(self.python, "-m", "dramatiq", "dramatiq_jobs", "--processes", "1", "--threads", str(slots)),
            *("--worker-shutdown-timeout", str(round(STOPPING * 1000))),
        ]

    def environment(self, address: tuple[str, int] | None) -> Mapping[str, str]:
        host, port = address or ("127.0.0.1", self._server.port)
        return {
            "DRAMATIQ_REDIS": f"redis://{host}:{port}/0",
            "DRAMATIQ_HEARTBEAT": str(round(HEARTBEAT * 1000)),
            "PYTHONPATH": str(Path(__file__).parent),
        }

    def store(self) -> tuple[str, int] | None:
        return "127.0.0.1", self._server.port

    async def begin(self) -> None:
        with self._client() as client:
            client.flushall()

    async def cut(self) -> None:
        with self._client() as client:
            client.client_kill_filter(_type="normal", skipme=True)

    def _client(self) -> Any:
        return redis.Redis.from_url(self._server.url)

    def close(self) -> None:
        self._server.stop()

    def describe(self) -> str:
        return f"dramatiq, heartbeat_timeout {HEARTBEAT:g} s, on {self._server.describe()}"
