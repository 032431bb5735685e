"""The jobs of a lost worker come back long after their lease: the declared time is a wish (streaq 7.2.0)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from jobkit.backend import Delivery, ExtendOutcome, Extension
from jobkit.backends.sqlite.backend import SqliteBackend
from tests.broken.processes import OverSqlite

RULE = "R4"
TIER = "processes"
LATER = 5

reserve = SqliteBackend.reserve
extend = SqliteBackend.extend


async def _reserve(
    backend: SqliteBackend, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0
) -> list[Delivery]:
    return await reserve(backend, queues, limit=limit, lease=LATER * lease, wait=wait)


async def _extend(backend: SqliteBackend, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
    return await extend(backend, [replace(each, lease=LATER * each.lease) for each in extensions])


FAULTS = {
    "jobkit.backends.sqlite.backend.SqliteBackend.reserve": _reserve,
    "jobkit.backends.sqlite.backend.SqliteBackend.extend": _extend,
}


class Harness(OverSqlite):
    pass
