"""The whole page: what it comes to, of whom it speaks, what is broken, and the matrix of all rules."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element

from jobkit_conformance.reports.html import icons
from jobkit_conformance.reports.html.matrix import matrix
from jobkit_conformance.reports.json_reader import documents
from jobkit_conformance.reports.json_report import Document, Entry, Matrix
from jobkit_conformance.reports.markup import breakable, element, html
from jobkit_conformance.reports.text import verdict_headline
from jobkit_conformance.verdicts import Exit, Verdict


def page(whole: Document | Matrix) -> str:
    """The page, of one backend or of several side by side."""
    found = documents(whole)
    script = _file("script.js")
    title = f"{verdict_headline(whole.footer.verdict).capitalize()}: {', '.join(each.target for each in found)}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("title", title),
        element("style", _file("style.css")),
    )
    body = element(
        "body",
        _top(whole, found),
        element("div", *[_backend(place, each, found) for place, each in enumerate(found, 1)], class_="backends"),
        *_broken(found),
        matrix(found),
        _legend(whole),
        element("script", script),
    )
    return f"<!doctype html>\n{html(element('html', head, body, lang='en'))}\n"


def _policy(script: str) -> str:
    """Nothing is loaded, and no script runs but this page's own, whatever a report holds."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _file(name: str) -> str:
    return (files("jobkit_conformance.reports.html") / name).read_text("utf-8")


def _top(whole: Document | Matrix, found: Sequence[Document]) -> Element:
    counted = {verdict: sum(each.footer.counts.get(verdict.value, 0) for each in found) for verdict in Verdict}
    chips = [
        element(
            "button",
            icons.sign(verdict),
            element("b", f"{count:,}"),
            f" {icons.name(verdict)}",
            type="button",
            class_="chip",
            data_verdict=verdict.value,
            aria_pressed="false",
        )
        for verdict, count in counted.items()
        if count
    ]
    parts = [
        element("span", class_=verdict.value, style=f"flex-grow: {count}")
        for verdict, count in counted.items()
        if count
    ]
    return element(
        "header",
        element("p", f"jobkit conformance, contract {whole.contract}", class_="kicker"),
        element("h1", verdict_headline(whole.footer.verdict).capitalize(), class_=f"exit-{int(whole.footer.exit)}"),
        element("p", *parts, class_="share", aria_hidden="true"),
        element("p", *chips, class_="chips", role="group", aria_label="Show only rules that are"),
    )


def _backend(place: int, each: Document, found: Sequence[Document]) -> Element:
    """Who was asked, how, and what it claims."""
    number = element("span", f"{place} ", class_="number") if len(found) > 1 else None
    several = element(
        "p", verdict_headline(each.footer.verdict).capitalize(), class_=f"exit-{int(each.footer.exit)} verdict"
    )
    facts = (
        ("Clock", each.clock),
        ("Runs" if each.parts else "Run", _runs(each)),
        ("Took", f"{each.footer.seconds:,.1f} s"),
        ("Kit", each.kit),
        ("Catalogue", each.manifest[:12]),
    )
    return element(
        "section",
        element("h2", number, *breakable(each.target)),
        element("p", each.backend, class_="of") if each.backend != each.target else None,
        several if len(found) > 1 else None,
        *_notices(each),
        element(
            "dl", *[element("div", element("dt", term), element("dd", text)) for term, text in facts], class_="facts"
        ),
        _claims(each),
        class_="backend",
    )


def _runs(each: Document) -> str:
    runs = [(part.profile, part.seed) for part in each.parts] or [(each.profile, each.seed)]
    return ", ".join(f"{profile} with seed {seed}" for profile, seed in dict.fromkeys(runs))


def _notices(each: Document) -> Iterator[Element]:
    if each.footer.unsound:
        yield element("p", "The harness is not sound, so nothing can be said of the backend.", class_="notice")
        yield element("pre", each.footer.unsound, class_="seen", tabindex="0")
    for name in each.footer.accepted_unclaimed:
        yield element("p", f"Not refused: {name} is not claimed, and was accepted.", class_="notice")
    if each.footer.exit is Exit.CONFORMANT and not each.footer.complete:
        yield element("p", "Some rules were not judged, which this run was allowed.", class_="notice")
    for remark in each.footer.remarks:
        yield element("p", f"{remark[:1].upper()}{remark[1:]}.", class_="notice")


def _claims(each: Document) -> Element | None:
    if each.capabilities is None:
        return None
    claimed = [_claim(name, value) for name, value in each.capabilities.items() if _is_claim(value)]
    limits = [
        element("div", element("dt", name.replace("_", " ")), element("dd", f"{value:,}"))
        for name, value in each.capabilities.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    return element(
        "details",
        element(
            "summary", f"Claims {len(claimed)} {'option or promise' if len(claimed) == 1 else 'options and promises'}"
        ),
        element("p", *[element("span", claim, class_="claim") for claim in claimed], class_="claims"),
        element("dl", *limits, class_="limits"),
        class_="claimed",
    )


def _is_claim(value: Any) -> bool:
    return value is True or isinstance(value, (str, list))


def _claim(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    if value is True:
        return words
    return f"{words}: {value}" if isinstance(value, str) else f"{words} {' to '.join(map(str, value))}"


def _broken(found: Sequence[Document]) -> Iterator[Element]:
    """What is wrong, before all that is not."""
    lists: list[Element] = []
    for each in found:
        bad = [_bad(entry) for entry in each.rules if entry.verdict in (Verdict.BROKEN, Verdict.ERROR)]
        if bad:
            lists += [element("h3", *breakable(each.target))] if len(found) > 1 else []
            lists.append(element("ul", *bad))
    if lists:
        yield element("nav", element("h2", "Broken"), *lists, class_="broken-list", aria_label="Broken rules")


def _bad(entry: Entry) -> Element:
    first = (entry.seen or entry.note or entry.sentence).splitlines()[0]
    link = element("a", icons.sign(entry.verdict), element("b", entry.id), href=f"#{entry.id}")
    return element("li", link, element("span", first))


def _legend(whole: Document | Matrix) -> Element:
    rows = [
        element("div", element("dt", icons.sign(verdict), icons.name(verdict)), element("dd", icons.MEANINGS[verdict]))
        for verdict in Verdict
    ]
    return element(
        "footer",
        element("h2", "Verdicts"),
        element("dl", *rows, class_="legend"),
        element("p", f"jobkit-core {whole.kit}. Catalogue {whole.manifest}.", class_="digest"),
    )
