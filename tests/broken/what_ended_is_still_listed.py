"""Every job that ended leaves an entry behind (taskiq-redis 1.2.4: a stream that is never trimmed)."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "G1"


class Growing(Store):
    def __init__(self) -> None:
        super().__init__()
        self._stream: list[str] = []

    def _end(self, job: StoredJob, by: Transition, at: int) -> None:
        super()._end(job, by, at)
        self._stream.append(job.message.id)

    def footprint(self) -> dict[str, int]:
        return super().footprint() | {"stream": len(self._stream)}


class Harness(PatchedHarness):
    store = Growing
