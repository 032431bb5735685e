"""Each call opens a connection of its own, and leaves it open (saq #31)."""

from __future__ import annotations

from tests.conformance.remote import Connection, RemoteBackend, RemoteHarness

RULE = "G4"


class Wasteful(RemoteBackend):
    def _connect(self) -> Connection:
        self._connection = None
        return super()._connect()


class Harness(RemoteHarness):
    client = Wasteful
