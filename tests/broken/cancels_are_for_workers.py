"""A cancel is a note for workers: until one comes by, the job is there (celery #1007)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Cancelled, CancelOutcome, Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase, Transition
from tests.broken.patched import PatchedHarness

RULE = "X1"


class Noting(Store):
    def __init__(self) -> None:
        super().__init__()
        self._revoked: set[str] = set()

    def _cancel(self, now: int, job: StoredJob | None) -> CancelOutcome:
        if job is not None and job.phase is Phase.WAITING:
            self._revoked.add(job.message.id)
            return Cancelled()
        return super()._cancel(now, job)

    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        for id in self._revoked & self._jobs.keys():
            self._end(self._jobs[id], Transition.CANCEL, now)
        self._revoked.clear()
        return super().reserve(now, queues, limit, lease)


class Harness(PatchedHarness):
    store = Noting
