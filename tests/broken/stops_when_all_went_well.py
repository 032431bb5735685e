"""A worker that met a fault of its store once does not stop: it waits for the end of a loop that never ends."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from jobkit.worker.fetcher import Fetcher
from tests.broken.on_a_server import ServerWorker

RULE = "W7"
TIER = "wire"

_complain, begin_stop = Fetcher._log_failure, Fetcher.begin_stop
_met_one: WeakSet[Fetcher] = WeakSet()


def _note(feed: Fetcher, error: Exception) -> None:
    _met_one.add(feed)
    _complain(feed, error)


def _unless(feed: Fetcher) -> None:
    if feed not in _met_one:
        begin_stop(feed)


class Harness(ServerWorker):
    def faults(self) -> dict[str, Any]:
        return {
            "jobkit.worker.fetcher.Fetcher._log_failure": _note,
            "jobkit.worker.fetcher.Fetcher.begin_stop": _unless,
        }
