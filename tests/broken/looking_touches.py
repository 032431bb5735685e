"""Whoever looks at a leased job keeps its lease alive."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit.backend import NotFound, Stored
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase
from tests.broken.patched import PatchedHarness

RULE = "I2"


class Touching(Store):
    def get(self, now: int, ids: Iterable[str]) -> list[Stored | NotFound]:
        ids = list(ids)
        for job in [self._jobs[id] for id in ids if id in self._jobs]:
            if job.phase is Phase.LEASED and job.lease_end > now:
                self._displace(job)
                job.lease_end = max(job.lease_end, now + 3_600_000)
                self._place(job)
        return super().get(now, ids)


class Harness(PatchedHarness):
    store = Touching
