"""A worker's process that starts takes it that nobody else is at work, and ends all leases (rwf worker.rs)."""

from __future__ import annotations

import os
import sqlite3
from urllib.parse import urlsplit

from jobkit_conformance.processes.workload_app import STORE
from tests.broken.processes import OverSqlite

RULE = "W12"
TIER = "processes"
FAULTS: dict[str, object] = {}


def at_the_start() -> None:
    with sqlite3.connect(urlsplit(os.environ[STORE]).path.removeprefix("/"), timeout=5) as file:
        file.execute("UPDATE jobs SET since = 0 WHERE phase = 1")


class Harness(OverSqlite):
    pass
