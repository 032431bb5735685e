"""What was found of one rule on one backend, in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from jobkit_conformance.reports.html import icons
from jobkit_conformance.reports.html.timeline_svg import render_timeline
from jobkit_conformance.reports.json_report import Document, Entry
from jobkit_conformance.reports.markup import breakable, element

_OF_PROCESSES: Final = "--replay p-"
"""A play of processes is no program: what can be copied are its words, and the command that does it again."""


def finding(found: Document, entry: Entry, *, named: bool) -> Element:
    """The verdict, why, and for a broken rule all that it takes to see it again; ``named``: say which backend it is."""
    return element(
        "article",
        _head(found, entry, named=named),
        element("p", entry.note, class_="note") if entry.note and entry.seen is None else None,
        _waiver(entry),
        *_failure(found, entry),
        _coverage_labels(entry),
        class_=f"finding {entry.verdict.value}",
    )


def _head(found: Document, entry: Entry, *, named: bool) -> Element:
    plays = f"{entry.cases:,} {'play' if entry.cases == 1 else 'plays'}, {entry.seconds:,.2f} s" if entry.cases else ""
    return element(
        "p",
        icons.sign(entry.verdict),
        element("b", *(breakable(f"{found.target}: ") if named else ()), icons.name(entry.verdict)),
        element("span", plays, class_="plays") if plays else None,
        class_="said",
    )


def _waiver(entry: Entry) -> Element | None:
    if entry.waiver is None:
        return None
    return element("p", f"Waived until {entry.waiver.until}: {entry.waiver.reason}", class_="note")


def _failure(found: Document, entry: Entry) -> Iterator[Element]:
    if entry.seen is None:
        return
    yield element("pre", entry.seen, class_="seen", tabindex="0")
    yield element("p", f"Seen by {entry.tier}.", class_="by") if entry.tier else element("p")
    if entry.story is not None and entry.story.steps:
        yield element("h4", "What happened")
        yield render_timeline(entry.story, wrong=bool(entry.shows_in))
    if entry.program:
        runs = not (entry.replay or "").startswith(_OF_PROCESSES)
        yield _copied("The same as a program that runs" if runs else "What was done, in words", entry.program)
    if entry.replay:
        yield _copied("Again", f"jobkit conformance {found.target} {entry.replay}")


def _copied(title: str, text: str) -> Element:
    """Text to take along; the button appears where there is a script to press it."""
    return element(
        "div",
        element(
            "h4",
            title,
            element("button", "Copy", type="button", class_="copy", hidden=True, aria_label=f"Copy: {title}"),
        ),
        element("pre", element("code", text), tabindex="0"),
        class_="copied",
    )


def _coverage_labels(entry: Entry) -> Element | None:
    if not entry.coverage:
        return None
    rows = [
        element("div", element("dt", name), element("dd", f"{count:,}"), class_="" if count else "never")
        for name, count in sorted(entry.coverage.items(), key=lambda pair: -pair[1])
    ]
    return element("div", element("h4", "Coverage"), element("dl", *rows), class_="coverage")
