"""How a verdict looks: a glyph beside its colour, and its name for those who see neither."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from jobkit_conformance.reports.markup import element
from jobkit_conformance.reports.text import GLYPHS
from jobkit_conformance.verdicts import Verdict

SIGNS: Final = {
    Verdict.KEPT: "✓",
    Verdict.BROKEN: "✗",
    Verdict.REFUSED: "⊘",
    Verdict.OUT_OF_SCOPE: "○",
    Verdict.NOT_EXERCISED: "◌",
    Verdict.UNKNOWN: "?",
    Verdict.WAIVED: "~",
    Verdict.ERROR: "!",
    Verdict.NOT_RUN: "·",
}

MEANINGS: Final = {
    Verdict.KEPT: "it was tried, and holds",
    Verdict.BROKEN: "here is how",
    Verdict.REFUSED: "it needs an option that is not claimed, and the option was refused",
    Verdict.OUT_OF_SCOPE: "it needs a promise, a hook or a moving clock that is not there",
    Verdict.NOT_EXERCISED: "it was tried, and never got to its question",
    Verdict.UNKNOWN: "the time was over",
    Verdict.WAIVED: "it is broken, and somebody said why that may be, and for how long",
    Verdict.ERROR: "the kit or the harness failed, not the backend",
    Verdict.NOT_RUN: "there is no check for it yet, or it was not asked for",
}


def name(verdict: Verdict) -> str:
    """``kept``, ``broken``, ``out of scope``."""
    return GLYPHS[verdict].lower()


def sign(verdict: Verdict) -> Element:
    """The glyph in its colour, for eyes only."""
    return element("span", SIGNS[verdict], class_=f"sign {verdict.value}", aria_hidden="true")
