"""Cancelling an id that is not there ends the next job that has it (arq #485)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jobkit.backend import CancelOutcome, Delivery
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "X3"


class Grudging(Store):
    def __init__(self) -> None:
        super().__init__()
        self._aborted: set[str] = set()

    def cancel(self, now: int, ids: Iterable[str]) -> list[CancelOutcome]:
        ids = list(ids)
        self._aborted |= {id for id in ids if id not in self._jobs}
        return super().cancel(now, ids)

    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        for id in self._aborted & self._jobs.keys():
            self._end(self._jobs[id], Transition.CANCEL, now)
        return super().reserve(now, queues, limit, lease)


class Harness(PatchedHarness):
    store = Grudging
