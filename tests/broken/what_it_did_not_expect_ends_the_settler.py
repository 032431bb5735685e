"""An error of the store that nobody thought of ends what settles; jobs are performed, and none is settled any more."""

from __future__ import annotations

from typing import Any

from jobkit.errors import InvalidArgument, Unsupported
from jobkit.worker.settler import FinishedJob, Settler
from tests.broken.patched import PatchedWorker

RULE = "W9"

_settle_each = Settler._settle_each


async def _only_what_it_knows(settler: Settler, batch: list[FinishedJob], error: Exception) -> None:
    if not isinstance(error, (InvalidArgument, Unsupported)):
        raise error
    await _settle_each(settler, batch, error)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.settler.Settler._settle_each": _only_what_it_knows}
