"""A job is settled before it is performed, so whoever is killed in between has lost it (celery with early acks)."""

from __future__ import annotations

from tests.broken.processes import OverSqlite
from tests.broken.settles_before_it_performs import settles_first

RULE = "W1"
TIER = "processes"
FAULTS = {"jobkit.worker.executor.Executor._perform": settles_first}


class Harness(OverSqlite):
    pass
