"""Sees to it that no process of a play outlives the kit, also when the kit itself is killed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

_KEEPS: Final = """
while read -r what group; do
  case $what in
    watch) set -- "$@" "$group" ;;
    forget) for each; do shift; [ "$each" = "$group" ] || set -- "$@" "$each"; done ;;
  esac
done
for each; do kill -9 "-$each"; done
"""
"""Notes which groups there are, until nobody holds the other end of its input; then it kills those that are left."""


class OrphanReaper:
    """Knows the process groups of a play, which it kills as soon as the kit is no more: a worker that stands still
    would do so for ever."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        """From now on groups can be watched."""
        self._process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            _KEEPS,
            "jobkit-guardian",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, group: int) -> None:
        self._say("watch", group)

    def forget(self, group: int) -> None:
        """Its number may be another's soon."""
        self._say("forget", group)

    def _say(self, what: str, group: int) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{what} {group}\n".encode())

    async def close(self) -> None:
        """Whoever is still watched is killed."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(OSError):
                await self._process.stdin.wait_closed()
            await self._process.wait()
