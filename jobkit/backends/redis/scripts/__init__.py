"""The moves: one script each, in Lua, and how they are found. All begin with the same prelude."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent

LOOKS = frozenset({"cell_get", "counts", "inspect", "peek", "queues"})
"""The moves that change nothing."""


class Script:
    """A script's text, and the digest under which a server remembers it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.looks = name in LOOKS
        prelude, move = (_FOLDER.joinpath(f"{each}.lua").read_text("utf-8") for each in ("prelude", name))
        self.text = f"{prelude}\n{move}".encode()
        self.digest = hashlib.sha1(self.text, usedforsecurity=False).hexdigest()


@cache
def script(name: str) -> Script:
    """The script of a move, read once."""
    return Script(name)
