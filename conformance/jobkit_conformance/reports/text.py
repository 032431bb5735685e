"""How verdicts are called, and how text is set, where people read."""

from __future__ import annotations

import textwrap
from typing import Final

from jobkit_conformance.verdicts import Verdict

WIDTH: Final = 100

GLYPHS: Final = {
    Verdict.KEPT: "kept",
    Verdict.BROKEN: "BROKEN",
    Verdict.REFUSED: "refused",
    Verdict.OUT_OF_SCOPE: "out of scope",
    Verdict.NOT_EXERCISED: "not exercised",
    Verdict.UNKNOWN: "unknown",
    Verdict.WAIVED: "waived",
    Verdict.ERROR: "ERROR",
    Verdict.NOT_RUN: "not run",
}


def wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    """The text in lines that a terminal has room for."""
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=first if rest is None else rest)


def verdict_headline(verdict: str) -> str:
    """A footer's verdict, as a headline says it."""
    return verdict.replace("_", " ").upper()
