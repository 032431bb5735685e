"""Comparing the version and setting the cell are two steps, and the last one wins (redbeat #127)."""

from __future__ import annotations

import asyncio

from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "P3"


class TwoSteps(InlineBackend):
    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        found = await self.cell_get(name)
        if (found[1] if found else 0) != expected_version:
            return await super().cell_set(name, value, expected_version)
        await asyncio.sleep(0)
        found = await self.cell_get(name)
        return await super().cell_set(name, value, found[1] if found else 0)


class Harness(PatchedHarness):
    client = TwoSteps
