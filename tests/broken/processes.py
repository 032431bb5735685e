"""Backends as they are, and faults in the processes of their workers: what the module of a harness calls `FAULTS`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from jobkit.testing.redis.harness import Harness as RedisHarness
from jobkit.testing.sqlite.harness import Harness as SqliteHarness
from jobkit_conformance import BackendHarness

AT_WORK = Path(__file__).with_name("at_work.py")


class Faulty(BackendHarness):
    """Starts its workers with the faults of the module that a subclass is in."""

    def worker_command(self, app: str, *, concurrency: int, lease: float, grace: float) -> Sequence[str]:
        whole = super().worker_command(app, concurrency=concurrency, lease=lease, grace=grace)
        place = whole.index("worker")
        return [sys.executable, str(AT_WORK), type(self).__module__, *whole[place:]]

    def describe(self) -> str:
        return f"broken workers: {type(self).__module__.rpartition('.')[2]}"


class OverSqlite(Faulty, SqliteHarness):
    """Without a server."""


class OverRedis(Faulty, RedisHarness):
    """With a network in between."""
