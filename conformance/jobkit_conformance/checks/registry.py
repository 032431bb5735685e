"""Which example shows which rule."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.env import Env

Play: TypeAlias = Callable[[Env], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Check:
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


EXAMPLES: dict[str, list[Check]] = {}
"""By rule."""


def check(rule: str, *needs: str) -> Callable[[Play], Play]:
    """Declare a coroutine function as an example of a rule."""

    def declare(play: Play) -> Play:
        add(Check(rule, play, needs))
        return play

    return declare


def add(one: Check) -> None:
    """Declare an example."""
    if one.rule not in BY_ID:
        raise LookupError(f"the catalogue has no rule {one.rule!r}")
    EXAMPLES.setdefault(one.rule, []).append(one)
