"""A worker settles what it has just reserved, and then performs it: whoever ends in between has lost it."""

from __future__ import annotations

from typing import Any

from tests.broken.on_a_server import ServerWorker
from tests.broken.settles_before_it_performs import settles_first

RULE = "W1"
TIER = "wire"


class Harness(ServerWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Executor._perform": settles_first}
