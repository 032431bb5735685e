"""A job that kills its worker is at its first attempt each time (graphile-worker #254)."""

from __future__ import annotations

from msgspec.structs import replace

from jobkit.backend import Delivery
from jobkit.worker.executor import Executor
from tests.broken.processes import OverSqlite

RULE = "W4"
TIER = "processes"

start = Executor.start


def _as_the_first(jobs: Executor, deliveries: list[Delivery], sent: float) -> None:
    start(jobs, [replace(each, attempt=1) for each in deliveries], sent)


FAULTS = {"jobkit.worker.executor.Executor.start": _as_the_first}


class Harness(OverSqlite):
    pass
