"""Two namespaces of which one is a prefix of the other share what they hold."""

from __future__ import annotations

from jobkit.backends.inline.backend import InlineBackend
from jobkit.clock import Clock
from tests.broken.patched import PatchedHarness

RULE = "E10"


class Harness(PatchedHarness):
    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        return await super().open(namespace.partition(":")[0], clock)

    async def wipe(self, namespace: str) -> None:
        await super().wipe(namespace.partition(":")[0])
