"""A client whose connection was cut never opens another (celery #8030)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.conformance.remote import RemoteBackend, RemoteHarness, T

RULE = "D2"


class Stubborn(RemoteBackend):
    async def once(self, id: str, step: Callable[[], Awaitable[T]]) -> T:
        self.first = getattr(self, "first", None) or self._connect()
        self.first.check()
        return await super().once(id, step)


class Harness(RemoteHarness):
    client = Stubborn
