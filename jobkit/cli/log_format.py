"""How a worker's log looks: lines for people, or one JSON object a line for machines; never over a status line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Literal, TextIO, TypeAlias

from jobkit.worker.json_logging import JSONFormatter

Format: TypeAlias = Literal["text", "json"]

TEXT = "%(asctime)s %(levelname)-7s %(message)s"


class BesideStatus(logging.StreamHandler[TextIO]):
    """Writes lines above whatever stands in the last line of a terminal."""

    def __init__(self, stream: TextIO, clear: Callable[[], None], draw: Callable[[], None]) -> None:
        super().__init__(stream)
        self._clear = clear
        self._draw = draw

    def emit(self, record: logging.LogRecord) -> None:
        self._clear()
        super().emit(record)
        self._draw()


def set_up(level: str, format: Format, handler: logging.Handler | None = None) -> None:
    """Log to the standard error, everything from ``level`` on."""
    chosen = handler or logging.StreamHandler(sys.stderr)
    chosen.setFormatter(JSONFormatter() if format == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[chosen])
