"""What waits for longer than a day is dropped (arq #320)."""

from __future__ import annotations

from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase, Transition
from tests.broken.patched import PatchedHarness

RULE = "G2"


DAY = 24 * 3_600_000


class Expiring(Store):
    def begin(self, now: int) -> int:
        now = super().begin(now)
        for job in list(self._jobs.values()):
            if job.phase is Phase.WAITING and job.since + DAY < now:
                self._remove(job, Transition.PURGE)
        return now


class Harness(PatchedHarness):
    store = Expiring
