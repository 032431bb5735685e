"""Looking for the holder of a key and storing are two steps (good_job #325)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from jobkit.backend import EnqueueOutcome, KeyTaken, Message
from jobkit.backends.inline.backend import InlineBackend
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "K1"


class Unlocked(Store):
    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        holder = self._holders.pop(message.key, None) if message.key is not None else None
        outcome = super()._accept(now, message)
        if holder is not None and message.key is not None:
            self._holders[message.key] = holder
        return outcome

    def _free_key(self, job: StoredJob) -> None:
        self._holders.pop(job.message.key or "", None)


class Racing(InlineBackend):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        holders = self._look(lambda store, now: [store._holders.get(message.key or "") for message in messages])
        await asyncio.sleep(0)
        free = [message for message, holder in zip(messages, holders, strict=True) if holder in (None, message.id)]
        outcomes = iter(await super().enqueue(free))
        return [
            next(outcomes) if holder in (None, message.id) else KeyTaken(by=str(holder))
            for message, holder in zip(messages, holders, strict=True)
        ]


class Harness(PatchedHarness):
    store = Unlocked
    client = Racing
