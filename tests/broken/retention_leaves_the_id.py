"""Retention drops a dead job and goes on knowing its id."""

from __future__ import annotations

from jobkit.backend import Duplicate, EnqueueOutcome, Message
from jobkit.backends.inline.state import StoredJob
from jobkit.lifecycle import Transition
from tests.conformance.remote import RemoteHarness, RetainingStore

RULE = "S7"


class Half(RetainingStore):
    def __init__(self) -> None:
        super().__init__()
        self._dropped: set[str] = set()

    def _end(self, job: StoredJob, by: Transition, at: int) -> None:
        super()._end(job, by, at)
        if by is Transition.PURGE:
            self._dropped.add(job.message.id)

    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        return Duplicate() if message.id in self._dropped else super()._accept(now, message)


class Harness(RemoteHarness):
    store = Half
