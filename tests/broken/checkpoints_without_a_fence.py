"""A checkpoint is written first, and whether its token has a say is asked after that."""

from __future__ import annotations

from jobkit.backend import Delivery, ExtendOutcome, Extension
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "P2"


class Trusting(Store):
    def __init__(self) -> None:
        super().__init__()
        self._issued: dict[str, str] = {}

    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        self._issued[token] = job.message.id
        return super()._grant(job, lease_end, token)

    def _extend(self, now: int, job: StoredJob | None, extension: Extension) -> ExtendOutcome:
        latest = self._jobs.get(self._issued.get(extension.token, ""))
        if latest is not None and extension.checkpoint is not None:
            latest.checkpoint = extension.checkpoint
        return super()._extend(now, job, extension)


class Harness(PatchedHarness):
    store = Trusting
