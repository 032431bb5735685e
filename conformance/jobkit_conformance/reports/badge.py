"""A report in one line: the contract's version and counts, as a picture and for services that draw their own.

Green: conformant. Amber: conformant but for what is waived. Red: something is broken. Grey: some rules could not be
judged, so nothing is promised; what is broken is broken all the same.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from jobkit_conformance.reports.json_report import Document
from jobkit_conformance.reports.markup import element, xml
from jobkit_conformance.verdicts import OPEN, Exit, Verdict

GREEN, AMBER, RED, GREY = "#2b8a3e", "#b35c00", "#c92a2a", "#6b6f76"

_NAMED: Final = (
    ("kept", (Verdict.KEPT,)),
    ("broken", (Verdict.BROKEN,)),
    ("failed", (Verdict.ERROR,)),
    ("waived", (Verdict.WAIVED,)),
    ("not claimed", (Verdict.REFUSED, Verdict.OUT_OF_SCOPE)),
    ("open", tuple(OPEN)),
)


class Badge(NamedTuple):
    """What it says, left and right, and its colour."""

    label: str
    message: str
    colour: str


def badge(found: Document) -> Badge:
    """The badge of one backend."""
    return Badge(f"jobkit contract {found.contract}", _message(found), _colour(found))


def _message(found: Document) -> str:
    if found.footer.unsound:
        return "not judged"
    counted = [(name, sum(found.footer.counts.get(verdict, 0) for verdict in group)) for name, group in _NAMED]
    told = [f"{count} {name}" for name, count in counted if count or name == "kept"]
    unclaimed = [f"{name} not refused" for name in found.footer.accepted_unclaimed]
    return ", ".join([*told, *unclaimed])


def _colour(found: Document) -> str:
    if found.footer.exit is Exit.BROKEN:
        return RED
    if found.footer.exit is Exit.KIT_FAILED or not found.footer.complete:
        return GREY
    return AMBER if found.footer.counts.get(Verdict.WAIVED) else GREEN


def as_endpoint(shown: Badge) -> bytes:
    """JSON as shields.io reads it from an endpoint."""
    fields = {"schemaVersion": 1, "label": shown.label, "message": shown.message, "color": shown.colour}
    return msgspec.json.format(msgspec.json.encode(fields), indent=1) + b"\n"


LETTER: Final = 6.3
"""Pixels of a letter, on average; the picture holds the text to the width that this gives."""
ASIDE: Final = 8


def as_svg(shown: Badge) -> bytes:
    """A picture that needs no font and no network."""
    left, right = (round(len(text) * LETTER) + 2 * ASIDE for text in (shown.label, shown.message))
    width = left + right
    root = element(
        "svg",
        element("title", f"{shown.label}: {shown.message}"),
        element("clipPath", element("rect", width=width, height=20, rx=4, fill="#fff"), id="round"),
        element(
            "g",
            element("rect", width=left, height=20, fill="#33363d"),
            element("rect", x=left, width=right, height=20, fill=shown.colour),
            clip_path="url(#round)",
        ),
        element(
            "g",
            *(
                element("text", text, x=x + ASIDE, y=14, textLength=space - 2 * ASIDE, lengthAdjust="spacingAndGlyphs")
                for text, x, space in ((shown.label, 0, left), (shown.message, left, right))
            ),
            fill="#fff",
            font_family="Verdana,DejaVu Sans,Geneva,sans-serif",
            font_size=11,
        ),
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=20,
        role="img",
        aria_label=f"{shown.label}: {shown.message}",
    )
    return xml(root) + b"\n"
