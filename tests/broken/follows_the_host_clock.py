"""When the host's clock is put back, so is the store's (sidekiq #2800)."""

from __future__ import annotations

from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "O2"


class Obedient(Store):
    def begin(self, now: int) -> int:
        self._now = now
        return super().begin(now)


class Harness(PatchedHarness):
    store = Obedient
