"""A sign of life of long searches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

EVERY = 10.0
"""Seconds between two lines; shorter searches are silent."""


class Progress:
    """Prints a line now and then; nothing where nobody prints, as in a worker of pytest-xdist."""

    def __init__(self, item: pytest.Item, now: Callable[[], float] = time.monotonic) -> None:
        self._nodeid = item.nodeid
        self._terminal: pytest.TerminalReporter | None = item.config.pluginmanager.get_plugin("terminalreporter")
        self._quiet = item.config.get_verbosity() < 0
        self._now = now
        self._said = now()

    def tick(self, run: int, planned: int | None) -> None:
        if self._terminal is None or self._quiet or self._now() - self._said < EVERY:
            return
        self._said = self._now()
        self._terminal.ensure_newline()
        self._terminal.write_line(f"chaos: run {run}{f' of {planned}' if planned else ''} of {self._nodeid}")
