"""Room for what runs: enqueuing stops a while before a file or its disk is full, so that what is there can end."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from jobkit.errors import BackendFull

Execute: TypeAlias = Callable[..., sqlite3.Cursor]

MARGIN: Final = 16
"""Pages that an enqueue may need beside those of its bodies: of every table and index one that is split."""
BALLAST: Final = 32
"""Pages of the file that hold nothing, to be given up when it may not grow from one moment to the next."""
DISK: Final = 8 << 20
"""Bytes of the disk that an enqueue leaves free: for a whole log, and for moving a whole log into the file."""


def check(execute: Execute, path: str, size: int, *, given_up: bool) -> None:
    """`BackendFull` if a step that brings so many bytes would leave too little room."""
    (page,), (most,), (used,), (free,) = (
        execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "max_page_count", "page_count", "freelist_count")
    )
    needed = size // page + MARGIN + (BALLAST if given_up else 0)
    if free + most - used < needed:
        raise BackendFull(
            f"{path} is full: it may grow to {most} pages of {page} bytes, of which {free + most - used} are free, "
            f"and this may take {needed}"
        )
    disk = shutil.disk_usage(Path(path).parent)
    if disk.total and disk.free + free * page < DISK + size:  # some network disks say that they have nothing at all
        raise BackendFull(
            f"{path} is full: it has {free * page:,} bytes free and its disk {disk.free:,}, of which {DISK:,} are kept "
            "for the jobs that run"
        )


def is_released(execute: Execute) -> bool:
    return execute("SELECT 1 FROM ballast").fetchone() is None


def reserve_space(execute: Execute) -> None:
    """Take the ballast in."""
    (size,) = execute("PRAGMA page_size").fetchone()
    execute("INSERT INTO ballast VALUES (zeroblob(?))", (BALLAST * size,))


def release_space(execute: Execute) -> None:
    execute("DELETE FROM ballast")
