"""The last line of a terminal: what the worker is doing, redrawn once a second."""

from __future__ import annotations

import asyncio
import shutil
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO

from jobkit.worker.stats import WorkerStats

EACH: Final = 1.0
"""Seconds between two drawings, and the time that a rate is about is ten of these."""

CLEAR: Final = "\r\x1b[2K"


class StatusLine:
    """``figures`` is asked each time. Draws nothing before `run` and nothing after it."""

    def __init__(self, stream: TextIO, figures: Callable[[], WorkerStats]) -> None:
        self._stream = stream
        self._figures = figures
        self._text = ""
        self._ended: deque[int] = deque(maxlen=11)

    async def run(self) -> None:
        """Until cancelled; leaves the terminal as it was."""
        try:
            while True:
                figures = self._figures()
                self._ended.append(figures.ended)
                self._text = text(figures, self.rate)
                self.clear()
                self.draw()
                await asyncio.sleep(EACH)
        finally:
            self.clear()
            self._text = ""

    @property
    def rate(self) -> float:
        """Executions that ended a second, of late."""
        return (self._ended[-1] - self._ended[0]) / max(1, len(self._ended) - 1) / EACH

    def clear(self) -> None:
        if self._text:
            self._stream.write(CLEAR)

    def draw(self) -> None:
        if self._text:
            width = shutil.get_terminal_size().columns
            self._stream.write(self._text[: width - 1])
            self._stream.flush()


def text(figures: WorkerStats, rate: float) -> str:
    """``ready · 12 running · 1,203 ended · 3 failed · 14/s``"""
    parts = [
        "ready" if figures.ready else "not ready",
        f"{figures.running:,} running",
        f"{figures.ended:,} ended",
        f"{figures.failed:,} failed",
        f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s",
    ]
    return " · ".join(parts)
