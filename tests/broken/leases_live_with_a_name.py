"""Leases are kept by a heartbeat of their client's name: a namesake keeps those of the dead (oxana #154, rq #787)."""

from __future__ import annotations

from jobkit.backend import Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L1"


class Beating(Store):
    def __init__(self) -> None:
        super().__init__()
        self._granted: dict[str, int] = {}

    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        self._granted[token] = lease_end - self._now
        return super()._grant(job, lease_end, token)

    def begin(self, now: int) -> int:
        now = super().begin(now)
        for token, job in self._leases.items():
            if job.lease_end > now:
                self._displace(job)
                job.lease_end = max(job.lease_end, now + self._granted[token])
                self._place(job)
        return now


class Harness(PatchedHarness):
    store = Beating
