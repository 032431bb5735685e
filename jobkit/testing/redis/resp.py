"""Where commands and replies begin and end in RESP, the protocol of Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

LINE: Final = b"+-:_,#("
BULK: Final = b"$=!"
SEVERAL: Final = b"*~%>"


class RespSplitter:
    """Cuts what travels on one connection; it holds back what is not whole yet."""

    def __init__(self) -> None:
        self._commands = bytearray()
        self._replies = bytearray()

    def commands(self, data: bytes) -> list[tuple[bytes, str]]:
        """The commands that are whole now, each with its name."""
        self._commands += data
        return [(whole, _name(whole)) for whole in _cut(self._commands)]

    def replies(self, data: bytes) -> list[bytes]:
        """The replies that are whole now; what the server pushes comes with the reply after it."""
        self._replies += data
        found, pushed = list[bytes](), b""
        for whole in _cut(self._replies):
            if whole[:1] == b">":
                pushed += whole
            else:
                found.append(pushed + whole)
                pushed = b""
        self._replies[:0] = pushed
        return found


def _cut(buffer: bytearray) -> Iterator[bytes]:
    """Take the values that are whole off the front."""
    while (end := _end(buffer, 0)) is not None:
        yield bytes(buffer[:end])
        del buffer[:end]


def _end(data: bytearray, at: int) -> int | None:
    """Where the value that begins here ends; None while it is not whole."""
    stop = data.find(b"\r\n", at)
    if stop < 0:
        return None
    kind, after = bytes(data[at : at + 1]), stop + 2
    if kind in SEVERAL:
        return _end_of_several(data, after, int(data[at + 1 : stop]) * (2 if kind == b"%" else 1))
    if kind in BULK:
        size = int(data[at + 1 : stop])
        after += size + 2 if size >= 0 else 0
    elif kind not in LINE:
        raise ValueError(f"no RESP: a value that begins with {bytes(data[at : at + 20])!r}")
    return after if after <= len(data) else None


def _end_of_several(data: bytearray, at: int, count: int) -> int | None:
    end: int | None = at
    for _ in range(count):
        if end is None:
            return None
        end = _end(data, end)
    return end


def _name(command: bytes) -> str:
    """``client setinfo``, ``evalsha``: what a command is called, without its arguments."""
    words = command.split(b"\r\n")[2::2]
    name = words[0].decode("ascii", "replace").lower()
    return f"{name} {words[1].decode('ascii', 'replace').lower()}" if name in _WITH_A_SECOND else name


_WITH_A_SECOND: Final = frozenset({"client", "script", "config", "info"})
