"""The way of a running job's checkpoints: with the extension of its lease, by whoever keeps that."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from jobkit.backend import Capabilities
from jobkit.execute.checkpoint import check_body
from jobkit.worker.leases import LeaseKeeper


@dataclass(frozen=True, slots=True)
class LeaseCheckpoints:
    """Of one delivery."""

    keeper: LeaseKeeper
    capabilities: Capabilities
    token: str

    def store(self, body: bytes) -> Future[bool]:
        check_body(self.capabilities, body)
        return self.keeper.checkpoint(self.token, body)
