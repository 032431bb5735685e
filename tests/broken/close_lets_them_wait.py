"""Closing a client leaves its reserves waiting."""

from __future__ import annotations

from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "C2"


class Silent(InlineBackend):
    def _close(self) -> None:
        self._closed = True


class Harness(PatchedHarness):
    client = Silent
