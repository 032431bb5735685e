"""What is left of a job that was done blocks its id (arq #137, #432, #531)."""

from __future__ import annotations

from jobkit.backend import Duplicate, EnqueueOutcome, Message
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "E6"


class Blocking(Store):
    def __init__(self) -> None:
        super().__init__()
        self._results: set[str] = set()

    def _end(self, job: StoredJob, by: Transition, at: int) -> None:
        super()._end(job, by, at)
        self._results.add(job.message.id)

    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        return Duplicate() if message.id in self._results else super()._accept(now, message)


class Harness(PatchedHarness):
    store = Blocking
