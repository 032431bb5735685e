"""What the keeper learns of a lease is told to nobody."""

from __future__ import annotations

from typing import Any

from jobkit.worker.feed import Feed
from jobkit.worker.keeper import News
from tests.broken.patched import PatchedWorker

RULE = "W3"


def _tell_nobody(feed: Feed, token: str, news: News) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.feed.Feed._tell": _tell_nobody}
