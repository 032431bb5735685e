"""A test that fails, whose output is golden."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """A test that fails, and what for: the title of its section. ``mark``: the arguments of its marker, if any."""

    title: str
    test: str
    style: str = "def"
    mark: str = ""
