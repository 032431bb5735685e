"""Files that tell a supervisor how a worker is: one that exists while it can take jobs, one that its loop touches."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

HEARTBEAT: Final = 5.0
"""Seconds between two touches."""


class HealthFiles:
    """Either may be None: then it is not wanted."""

    def __init__(self, ready: Path | None, live: Path | None) -> None:
        self._ready = ready
        self._live = live
        self._shown = False
        self._beating: asyncio.Task[None] | None = None

    def begin(self, alive: Callable[[], bool] = lambda: True) -> None:
        """From now on the running loop touches the live file, while this says so: one that is blocked looks dead."""
        if self._live is not None:
            self._beating = asyncio.get_running_loop().create_task(self._beat(self._live, alive), name="jobkit-live")

    def set_ready(self, *, ready: bool) -> None:
        if self._ready is None or ready is self._shown:
            return
        self._shown = ready
        if ready:
            self._ready.write_text(f"{os.getpid()}\n")
        else:
            self._ready.unlink(missing_ok=True)

    def end(self) -> None:
        self.set_ready(ready=False)
        if self._beating is not None and self._live is not None:
            self._beating.cancel()
            self._live.unlink(missing_ok=True)

    async def _beat(self, live: Path, alive: Callable[[], bool]) -> None:
        while True:
            if alive():
                _touch(live)
            await asyncio.sleep(HEARTBEAT)


def _touch(path: Path) -> None:
    path.write_text(f"{os.getpid()}\n")
