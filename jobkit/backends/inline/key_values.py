"""Small values that several may write: each is set only by whoever knows its latest version."""

from __future__ import annotations


class Cells:
    """By name a value and its version, which begins at 1 and grows by one. A cell that was never set has version 0."""

    def __init__(self) -> None:
        self._cells: dict[str, tuple[bytes, int]] = {}

    def __len__(self) -> int:
        return len(self._cells)

    def get(self, name: str) -> tuple[bytes, int] | None:
        return self._cells.get(name)

    def set(self, name: str, value: bytes, expected_version: int) -> int | None:
        """The new version; None, and nothing changes, where the latest is another than expected."""
        _, version = self._cells.get(name, (b"", 0))
        if version != expected_version:
            return None
        self._cells[name] = value, version + 1
        return version + 1
