"""A store that may drop live jobs is used without a word (kombu #1063)."""

from __future__ import annotations

from tests.conformance.remote import Connection, RemoteBackend, RemoteHarness

RULE = "D5"


class Trusting(RemoteBackend):
    def _connect(self) -> Connection:
        self.server.evicting = False
        return super()._connect()


class Harness(RemoteHarness):
    client = Trusting
