"""A worker that starts takes it that nobody else is at work, and frees all leases (rwf worker.rs)."""

from __future__ import annotations

from typing import Any

from jobkit.app import App
from jobkit.lifecycle import Phase, Transition
from jobkit.testing.inline import Harness as InlineHarness
from jobkit.worker import Worker

RULE = "W12"


class Harness(InlineHarness):
    def worker(self, app: App, **options: Any) -> Worker:
        for memory in self._memories.values():
            with memory.lock:
                for job in list(memory.store._jobs.values()):
                    if job.phase is Phase.LEASED:
                        memory.store._give_back(job, Transition.RELEASE, memory.store._now)
        return super().worker(app, **options)

    def describe(self) -> str:
        return "inline, broken worker: a_new_worker_resets_all"
