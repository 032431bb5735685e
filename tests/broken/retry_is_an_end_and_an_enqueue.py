"""A retry ends the job and enqueues it again; in between there is none (the order of sidekiq #4138, dramatiq #431)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from jobkit.backend import RetryAt, Settlement, SettleOutcome
from jobkit.backends.inline.backend import InlineBackend
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "S2"


class TwoSteps(InlineBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        for settlement in settlements:
            job = self._look(lambda store, now: store._leases.get(settlement.token))  # noqa: B023
            if isinstance(settlement, RetryAt) and job is not None and settlement.after == 0:
                self._look(lambda store, now: _hide(store, job))  # noqa: B023
                await asyncio.sleep(0)
                self._look(lambda store, now: store._place(job))  # noqa: B023
        return await super().settle(settlements)


def _hide(store: Store, job: StoredJob) -> None:
    store._displace(job)


class Harness(PatchedHarness):
    client = TwoSteps
