"""A call that is sent again is done again (sidekiq #3303)."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

from tests.conformance.remote import RemoteBackend, RemoteHarness, T

RULE = "E4"


class Forgetful(RemoteBackend):
    async def once(self, id: str, step: Callable[[], Awaitable[T]]) -> T:
        return await super().once(os.urandom(12).hex(), step)


class Harness(RemoteHarness):
    client = Forgetful
