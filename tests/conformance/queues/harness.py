"""How the toy presents itself: a few lines for each of its manners."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from jobkit_conformance import Declared, SystemHarness
from jobkit_conformance.processes.task import read
from tests.conformance.queues import toy

HERE = Path(__file__).parent


def _id_of(row: tuple[str]) -> str:
    return read(row[0]).id


class Leased(SystemHarness):
    """At least once, with leases that nobody extends: jobs have to be shorter."""

    declared = Declared(lease=1.0, slack=0.5, grace=2.0, order=True, outlasts=False, timeout=0.5)
    enqueue = "toy:enqueue"
    manner = "leased"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="toy-")
        self._file = Path(self._folder.name, "jobs")

    def worker(self, slots: int) -> Sequence[str]:
        return [sys.executable, str(HERE / "toy.py"), str(self._file), self.manner]

    def environment(self, address: tuple[str, int] | None) -> Mapping[str, str]:
        return {"TOY_QUEUE": str(self._file), "PYTHONPATH": str(HERE)}

    async def begin(self) -> None:
        self._file.unlink(missing_ok=True)

    async def left(self, ids: Sequence[str]) -> Mapping[str, str]:
        with toy.opened(str(self._file)) as file:
            return {id: "live" for id in map(_id_of, file.execute("SELECT word FROM jobs")) if id in ids}

    def close(self) -> None:
        self._folder.cleanup()


class Taken(Leased):
    """At most once, as declared."""

    declared = Declared(delivery="at most once", grace=2.0, order=True, timeout=0.5)
    manner = "taken"


class Forgetful(Leased):
    """At least once, it says."""

    manner = "forgetful"


class Silent(Leased):
    """Its worker can't be started."""

    def worker(self, slots: int) -> Sequence[str]:
        return [sys.executable, "-c", "raise SystemExit('no such queue')"]
