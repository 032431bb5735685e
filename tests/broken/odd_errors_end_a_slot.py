"""What is no Exception ends the task of its job, and nobody notices (huey #281)."""

from __future__ import annotations

from typing import Any

from jobkit import execution
from jobkit.worker.feed import Feed
from jobkit.worker.running import Running
from tests.broken.patched import PatchedWorker

RULE = "W6"


async def _only_exceptions(feed: Feed, running: Running) -> None:
    plain = feed._in_thread(running)
    outcome = await execution.perform(running.delivery, running.context, feed._registry, plain)
    if outcome.error is None or isinstance(outcome.error, Exception):
        feed._end(running, outcome)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.feed.Feed._perform": _only_exceptions}
