"""The rules by family, a column a backend; each row opens to what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from jobkit_conformance.catalogue import FAMILIES
from jobkit_conformance.reports.html import icons
from jobkit_conformance.reports.html.finding import finding
from jobkit_conformance.reports.json_report import Document, Entry
from jobkit_conformance.reports.markup import element
from jobkit_conformance.verdicts import Verdict


def matrix(found: Sequence[Document]) -> Element:
    """All rules of these backends, which are about one catalogue."""
    rows = list(zip(*(each.rules for each in found), strict=True))
    families = dict.fromkeys(row[0].family for row in rows)
    sections = [_family(family, [row for row in rows if row[0].family == family], found) for family in families]
    head = element(
        "p",
        *[element("span", str(place), title=each.target) for place, each in enumerate(found, 1)],
        class_="columns",
        aria_hidden="true",
    )
    return element(
        "main", element("h2", "Rules"), head if len(found) > 1 else None, *sections, style=f"--columns: {len(found)}"
    )


def _family(family: str, rows: Sequence[tuple[Entry, ...]], found: Sequence[Document]) -> Element:
    kept = [sum(row[column].verdict is Verdict.KEPT for row in rows) for column in range(len(found))]
    tallies = [element("span", f"{count}/{len(rows)}") for count in kept]
    return element(
        "section",
        element(
            "h3",
            element("span", family, class_="id"),
            element("span", FAMILIES.get(family, ""), class_="name"),
            element("span", *tallies, class_="cells", aria_label="kept"),
        ),
        _beside(family, found),
        *[_rule(row, found) for row in rows],
        class_="family",
    )


def _beside(family: str, found: Sequence[Document]) -> Element | None:
    """What has to be known of the rules about workers, where a backend brings none of its own."""
    others = [each.target for each in found if not each.worker_counts]
    if family != "W" or not others:
        return None
    whose = f" ({', '.join(others)})" if len(found) > 1 else ""
    return element("p", f"jobkit's worker over this backend{whose}: beside the verdict, no part of it", class_="note")


def _rule(row: tuple[Entry, ...], found: Sequence[Document]) -> Element:
    """One rule: a line, and behind it all that was found."""
    rule, several = row[0], len(found) > 1
    return element(
        "details",
        element(
            "summary",
            element("span", rule.id, class_="id"),
            element("span", rule.sentence, class_="sentence"),
            element("span", *[_cell(each, entry) for each, entry in zip(found, row, strict=True)], class_="cells"),
        ),
        element(
            "div",
            *_about(rule),
            *[finding(each, entry, named=several) for each, entry in zip(found, row, strict=True)],
            class_="opened",
        ),
        id=rule.id,
        class_="rule",
        data_verdicts=" ".join(dict.fromkeys(entry.verdict.value for entry in row)),
    )


def _cell(found: Document, entry: Entry) -> Element:
    name = icons.name(entry.verdict)
    return element(
        "span",
        icons.sign(entry.verdict),
        element("span", f"{found.target}: {name}", class_="unseen"),
        class_="cell",
        title=f"{found.target}: {name}",
    )


def _about(rule: Entry) -> Iterator[Element]:
    """What the catalogue says of it."""
    pairs = (
        ("Why", rule.reason),
        ("Needs", ", ".join(rule.needs)),
        ("Look at", rule.look),
        ("Bugs like it", ", ".join(rule.bugs)),
    )
    told = [element("div", element("dt", title), element("dd", text)) for title, text in pairs if text]
    if told:
        yield element("dl", *told, class_="about")
