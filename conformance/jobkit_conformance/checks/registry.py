"""Which example shows which rule."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.env import Stage

Play: TypeAlias = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Example:
    """One short program whose question only its rule answers. ``needs``: beside those of the rule."""

    rule: str
    play: Play
    needs: tuple[str, ...] = ()
    variant: str = ""

    @property
    def name(self) -> str:
        """What it shows, in words."""
        words = getattr(self.play, "__name__", "example").replace("_", " ")
        return f"{words}: {self.variant}" if self.variant else words

    @property
    def place(self) -> str:
        """Where it can be read: file and line."""
        code = getattr(inspect.unwrap(self.play), "__code__", None)
        return "" if code is None else f"{code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"


EXAMPLES: dict[str, list[Example]] = {}
"""By rule."""


def example(rule: str, *needs: str) -> Callable[[Play], Play]:
    """Declare a coroutine function as an example of a rule."""

    def declare(play: Play) -> Play:
        add(Example(rule, play, needs))
        return play

    return declare


def add(one: Example) -> None:
    """Declare an example."""
    if one.rule not in BY_ID:
        raise LookupError(f"the catalogue has no rule {one.rule!r}")
    EXAMPLES.setdefault(one.rule, []).append(one)
