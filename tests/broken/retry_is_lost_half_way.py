"""A retry ends the job, and is lost when the enqueue after that fails (sidekiq #4138, celery #537)."""

from __future__ import annotations

import os
from collections.abc import Sequence

from jobkit.backend import Done, Release, RetryAt, Settlement, SettleOutcome
from jobkit.errors import BackendUnavailable
from tests.conformance.remote import RemoteBackend, RemoteHarness

RULE = "D3"


class Careless(RemoteBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        outcomes: list[SettleOutcome] = []
        for settlement in settlements:
            job = self.server.store(self.namespace)._leases.get(settlement.token)
            if job is None or not isinstance(settlement, (RetryAt, Release)):
                outcomes += await super().settle([settlement])
                continue
            message = job.message
            outcomes += await super().settle([Done(settlement.token)])
            try:
                await self.once(os.urandom(12).hex(), lambda: self.inline.enqueue([message]))  # noqa: B023
            except ConnectionError as error:
                raise BackendUnavailable("the server does not answer") from error
        return outcomes


class Harness(RemoteHarness):
    client = Careless
