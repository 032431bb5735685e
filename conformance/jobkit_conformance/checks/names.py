"""Names that a store may mistake for something else, and what is no name."""

from __future__ import annotations

from typing import Final

ODD_NAMES: Final = (
    "*",
    "a*",
    "?",
    "[ab]",
    "{x}",
    "}",
    "a:b",
    "a/b",
    "a%3Ab",
    "a%b",
    "a b",
    " a",
    "a ",
    "a",
    "A",
    "a\\b",
    "a'b",
    'a"b',
    "0",
    "007",
    "7",
    "é",
    "e\u0301",  # the same to a reader, in other code points
    "ß",
    "ss",
    "日本",
    "\U0001f600",
    "\u2028",
    "\ufeff",
    "x" * 255,
    "é" * 127,
)
"""All different, byte by byte."""

NO_NAMES: Final = ("", "x" * 256, "é" * 128, "a\x00", "\n", "a\x1f", "\x7f", "\x85", "\ud800", "a\udcff")
"""Too short, too long, or with code points that no name has."""
