"""An empty value removes the cell, and its versions begin again."""

from __future__ import annotations

from jobkit.backends.inline.key_values import Cells
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "P3"


class Tidy(Cells):
    def set(self, name: str, value: bytes, expected_version: int) -> int | None:
        version = super().set(name, value, expected_version)
        if version is not None and not value:
            del self._cells[name]
        return version


class TidyStore(Store):
    def __init__(self) -> None:
        super().__init__()
        self.cells = Tidy()


class Harness(PatchedHarness):
    store = TidyStore
