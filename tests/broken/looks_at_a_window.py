"""Reserve looks at the first thousand jobs of a queue, due or not."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "T6"


class Windowed(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        window = sorted(self._jobs.values(), key=lambda job: job.seq)[:1000]
        seen = [job for job in window if job.message.queue in queues and job.entry[0] <= now]
        return super().reserve(now, queues, min(limit, len(seen)), lease) if seen else []


class Harness(PatchedHarness):
    store = Windowed
