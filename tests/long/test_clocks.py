"""Producers and workers whose clocks are wrong by an hour: the store's own is the only one that counts."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from jobkit.backend import Stored
from jobkit.backends.redis import factory
from jobkit.testing.redis.harness import Harness
from jobkit_conformance.verdicts import Verdict
from tests.long.test_topologies_conform import verdicts

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

HOUR = 3600


def skewed(by: str) -> dict[str, str]:
    """The environment of a process whose wall clock is wrong; its monotonic one goes on as it should."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    assert found, "libfaketime is not installed (apt install libfaketime)"
    return {"LD_PRELOAD": str(found[0]), "FAKETIME": by, "DONT_FAKE_MONOTONIC": "1"}


class Skewed(Harness):
    """Every other worker is an hour ahead, the rest are an hour late."""

    def __init__(self) -> None:
        super().__init__()
        self._clocks = itertools.cycle((skewed("+1h"), skewed("-1h")))

    def worker_command(self, app: str, *, concurrency: int, lease: float, grace: float) -> Sequence[str]:
        command = super().worker_command(app, concurrency=concurrency, lease=lease, grace=grace)
        return ["env", *(f"{name}={value}" for name, value in next(self._clocks).items()), *command]


@pytest.fixture
def harness() -> Iterator[Skewed]:
    harness = Skewed()
    yield harness
    harness.close()


def test_workers_whose_clocks_are_wrong_keep_the_rules(harness: Skewed) -> None:
    found = verdicts(harness, "as processes")
    assert found[Verdict.KEPT] >= 10, found


ENQUEUES = """
import sys, time, jobkit
app = jobkit.App(sys.argv[1])
app.job(name="later")(print).using(id=sys.argv[2], delay=600).enqueue()
print(time.time())
"""


@pytest.mark.parametrize("by", ["+1h", "-1h"])
async def test_a_delay_counts_from_now_in_the_store(harness: Skewed, by: str) -> None:
    command = [sys.executable, "-c", ENQUEUES, harness.store_url(), f"later {by}"]
    environment = {**os.environ, **skewed(by)}
    told = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=True)
    assert abs(time.time() - float(told.stdout)) > 0.9 * HOUR, "else nothing is shown"
    backend = factory(harness.store_url(), "jobkit", None)
    (found,) = await backend.get([f"later {by}"])
    await backend.close()
    assert isinstance(found, Stored)
    assert abs(found.since / 1000 - time.time() - 600) < 60
