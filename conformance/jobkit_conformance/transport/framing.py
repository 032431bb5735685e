"""How a protocol's bytes are cut into commands and replies: the one thing that a proxy has to know of a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Framing(Protocol):
    """Of one connection. Bytes go in as they come, and come out as soon as they are whole.

    A store answers the commands of a connection in their order, each once: whatever belongs to an answer (several
    lines, a notice beforehand) comes out with it, as one.
    """

    def commands(self, data: bytes) -> Sequence[tuple[bytes, str]]:
        """The commands that are whole now, each with what it is called, for people."""
        ...

    def replies(self, data: bytes) -> Sequence[bytes]:
        """The replies that are whole now."""
        ...
