"""An isolated job that is cancelled, or has lost its lease, is told; one that goes on is killed."""

from __future__ import annotations

import time

import pytest

import jobkit
from jobkit.events import LeaseLost, Settled, Started
from jobkit.execute.outcome import Performed
from jobkit.worker.leases import LeaseEvent
from tests.realtime import LEASE
from tests.worker.isolated_shop import Shop, end_of
from tests.worker.recorder import Recorder

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


@pytest.mark.parametrize("name", ["spin", "swallow"])
async def test_a_cancelled_job_that_goes_on_is_gone_within_its_lease(shop: Shop, recorder: Recorder, name: str) -> None:
    async with jobkit.Worker(shop.app, lease=LEASE, concurrency=1):
        receipt = await getattr(shop.module, name).aenqueue()
        await shop.until_noted(1)
        asked = time.monotonic()
        await shop.app.acancel(receipt)
        await end_of(int(shop.notes[0]))
        assert time.monotonic() - asked < LEASE
        await recorder.wait(Settled)
        await shop.module.pid.aenqueue()  # its slot is free
        await recorder.wait(Settled, 2)
    assert [each.outcome.state for each in recorder.of(Settled)] == [Performed.INTERRUPTED, Performed.SUCCEEDED]
    assert len(recorder.of(Started)) == 2


async def test_a_job_that_has_lost_its_lease_and_goes_on_is_killed(shop: Shop, recorder: Recorder) -> None:
    """Another worker may perform it by now."""
    async with jobkit.Worker(shop.app, lease=LEASE, grace=0) as worker:
        await shop.module.spin.aenqueue()
        await shop.until_noted(1)
        jobs = worker._feeds[0]._jobs
        (token,) = jobs._running
        jobs._tell(token, LeaseEvent.LOST)
        await end_of(int(shop.notes[0]))
    assert len(recorder.of(LeaseLost)) == 1
