"""A client takes a job for good, and says by its next command for how long: between them it may die (rq #2236)."""

from __future__ import annotations

from tests.broken.leases_in_two_commands import TwoCommands
from tests.broken.on_a_server import ServerHarness

RULE = "R4"


class Harness(ServerHarness):
    client = TwoCommands
