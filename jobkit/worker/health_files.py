"""Files that tell a supervisor how a worker is: one that exists while it can take jobs, one that its loop touches.

A file that can't be written for a while, because the disk is full for example, is tried again, and ends nothing.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jobkit.errors import ConfigurationError

log = logging.getLogger("jobkit.worker")

HEARTBEAT: Final = 5.0
"""Seconds between two touches, and between two tries of a file that could not be written."""

PASSING: Final = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EINTR}
"""Errors of a machine that is exhausted. Others are those of a path that never works."""


class HealthFiles:
    """Either may be None: then it is not wanted."""

    def __init__(self, ready: Path | None, live: Path | None) -> None:
        self._ready = ready
        self._live = live
        self._is_ready = False
        self._shows_ready = False
        self._failing = False
        self._alive: Callable[[], bool] = lambda: True
        self._beating: asyncio.Task[None] | None = None

    def begin(self, alive: Callable[[], bool] = lambda: True) -> None:
        """From now on the running loop touches the live file, while this says so: one that is blocked looks dead.

        `ConfigurationError`: a file has a path at which it can't be written.
        """
        for option, path in (("ready_file", self._ready), ("live_file", self._live)):
            if path is not None:
                _try(option, path)
        self._alive = alive
        if self._ready is not None:
            self._ready.unlink(missing_ok=True)  # of a worker that was killed
        if self._ready is not None or self._live is not None:
            self._beating = asyncio.get_running_loop().create_task(self._beat(), name="jobkit-live")

    def set_ready(self, *, ready: bool) -> None:
        self._is_ready = ready
        if ready is not self._shows_ready:
            self._write()

    def end(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
        self._is_ready = self._shows_ready = False
        for path in (self._ready, self._live):
            if path is not None:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    log.warning("%s is left behind: it can't be removed: %s", path, error.strerror)

    async def _beat(self) -> None:
        while True:
            self._write()
            await asyncio.sleep(HEARTBEAT)

    def _write(self) -> None:
        try:
            if self._live is not None and self._alive():
                _touch(self._live)
            if self._ready is not None and self._is_ready is not self._ready.exists():
                if self._is_ready:
                    _put(self._ready)
                else:
                    self._ready.unlink(missing_ok=True)
            self._shows_ready = self._is_ready
        except OSError as error:
            if not self._failing:
                log.warning("%s can't be written, and is tried again: %s", error.filename, error.strerror)
            self._failing = True
            return
        if self._failing:
            self._failing = False
            log.info("the files that tell how this worker is can be written again")


def _try(option: str, path: Path) -> None:
    """Refuse a path at which nothing can ever be written."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        beside = _beside(path)
        beside.touch()
        beside.unlink()
    except OSError as error:
        if error.errno not in PASSING:
            raise ConfigurationError(f"{option}: {path} can't be written: {error.strerror}") from error


def _touch(path: Path) -> None:
    """Needs no room on a full disk where the file is there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        _put(path)


def _put(path: Path) -> None:
    """Write it whole, or not at all."""
    beside = _beside(path)
    try:
        beside.write_text(f"{os.getpid()}\n")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")
