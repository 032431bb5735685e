"""A delay is added to the clock of the client (sidekiq #2800)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import structs

from jobkit.backend import EnqueueOutcome, Message
from tests.conformance.remote import RemoteBackend, RemoteHarness

RULE = "T3"


class Presuming(RemoteBackend):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        ahead = self.server.namespace(self.namespace)[1].ahead
        now = time.time_ns() // 1_000_000 + ahead
        return await super().enqueue(
            [
                message if message.after is None else structs.replace(message, after=None, at=now + message.after)
                for message in messages
            ]
        )


class Harness(RemoteHarness):
    client = Presuming
