"""The page: every rule on it, what is broken in full, nothing from elsewhere, and no way in for what a report holds."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from copy import copy

import pytest

from jobkit_conformance.catalogue import FAMILIES, RULES
from jobkit_conformance.render.timeline_data import Lease, TimelineData, TimelineStep
from jobkit_conformance.reports.html import page
from jobkit_conformance.reports.html.icons import MEANINGS, SIGNS, name
from jobkit_conformance.reports.html.timeline_svg import render_timeline
from jobkit_conformance.reports.json_report import Document, document
from jobkit_conformance.reports.markup import breakable, element, html
from jobkit_conformance.reports.merge import merge
from jobkit_conformance.reports.report import Failure, Report, blank
from jobkit_conformance.reports.waivers import Waiver
from jobkit_conformance.verdicts import Verdict
from tests.broken.settle_forgets_the_token import Harness as Forgetful
from tests.conformance.honest import Bare
from tests.conformance.pages import Node, parsed
from tests.conformance.small_profile import TINY, run

EVIL = """</script></style><script>alert("x")</script><img src=x onerror=alert(1)>&amp;'"\x00\x1b]0;x\x07"""


@pytest.fixture(scope="module")
def found() -> Document:
    return document(run(Forgetful(), "L5", "B3", profile=TINY))


@pytest.fixture(scope="module")
def conformant() -> Document:
    return document(run(Bare(), "L5", profile=TINY))


@pytest.fixture(scope="module")
def shown(found: Document) -> Node:
    return parsed(page(found))


@pytest.fixture(scope="module")
def broken(shown: Node) -> Node:
    return shown.one("details", id="L5")


def made(**stated: object) -> Report:
    """A report without a run."""
    return Report("target", "backend", None, "frozen", "quick", 1, blank(), **stated)  # type: ignore[arg-type]


# Structure.


def test_every_rule_is_on_it_once_in_order_with_its_sentence(shown: Node) -> None:
    rules = list(shown.all("details", class_="rule"))
    assert [each.attributes["id"] for each in rules] == [rule.id for rule in RULES]
    assert [each.one("span", class_="sentence").text for each in rules] == [rule.sentence for rule in RULES]


def test_rules_stand_by_family_with_how_many_are_kept(shown: Node) -> None:
    heads = [each.one("h3") for each in shown.all("section", class_="family")]
    assert [each.one("span", class_="name").text for each in heads] == list(FAMILIES.values())
    assert heads[0].one("span", class_="cells").text == "1/6"


def test_each_cell_names_its_verdict_in_words_beside_glyph_and_colour(shown: Node, found: Document) -> None:
    for entry in found.rules:
        cell = shown.one("details", id=entry.id).one("span", class_="cell")
        sign = cell.one("span", class_="sign")
        assert (sign.text, sign.attributes["aria-hidden"]) == (SIGNS[entry.verdict], "true")
        assert entry.verdict.value in str(sign.attributes["class"])
        assert cell.one("span", class_="unseen").text == f"the target: {name(entry.verdict)}"


def test_its_head_says_what_it_comes_to_and_counts(shown: Node) -> None:
    assert shown.one("h1").text == "Not conformant"
    assert [chip.text[1:] for chip in shown.all("button", class_="chip")] == ["1 kept", "1 broken", "88 not run"]


def test_what_the_backend_claims_is_told(shown: Node) -> None:
    claims = [each.text for each in shown.all("span", class_="claim")]
    assert {"delay", "priority 0 to 9", "dead letters"} <= set(claims)


def test_what_is_broken_stands_first_and_leads_to_its_rule(shown: Node) -> None:
    (row,) = shown.one("nav").all("li")
    assert row.one("a").attributes["href"] == "#L5"
    assert "expected [Stale()], got [Settled()]" in row.text


def test_a_broken_rule_opens_to_all_that_is_known(broken: Node, found: Document) -> None:
    entry = next(entry for entry in found.rules if entry.id == "L5")
    assert broken.one("pre", class_="seen").text == entry.seen
    assert str(entry.tier) in broken.text
    assert [code.text for code in broken.all("code")] == [
        entry.program,
        "jobkit conformance the target --rule L5 --seed 1",
    ]
    assert [button.text for button in broken.all("button")] == ["Copy", "Copy"]
    about = {each.one("dt").text: each.one("dd").text for each in broken.one("dl", class_="about").all("div")}
    assert about["Why"] == entry.reason
    assert about["Look at"] == entry.look
    assert "bull #308" in about["Bugs like it"]


def test_coverage_labels_are_counted_and_those_that_were_missed_stand_out(conformant: Document) -> None:
    shown = parsed(page(conformant))
    counted = shown.one("details", id="L5").one("div", class_="coverage")
    rows = {each.one("dt").text: each for each in counted.all("div")}
    assert int(rows["settle, superseded"].one("dd").text.replace(",", "")) > 0
    report = made()
    report.findings["L5"].coverage["settle, superseded"] = 0
    missed = parsed(page(document(report))).one("div", class_="never")
    assert missed.text == "settle, superseded0"


def test_a_waiver_is_told_with_its_reason_and_its_last_day() -> None:
    report = made()
    report.findings["O1"].verdict = Verdict.WAIVED
    report.findings["O1"].waiver = Waiver("O1", "ties are broken by id there", dt.date(2027, 1, 31))
    rule = parsed(page(document(report))).one("details", id="O1")
    assert "Waived until 2027-01-31: ties are broken by id there" in rule.text


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"unsound": "wipe() does nothing"}, "wipe() does nothing"),
        ({"accepted_unclaimed": ("keys",)}, "Not refused: keys is not claimed, and was accepted."),
        ({"remarks": ("O1 is waived, and it is kept",)}, "O1 is waived, and it is kept."),
        ({"allow_incomplete": True}, "Some rules were not judged, which this run was allowed."),
    ],
)
def test_what_a_reader_has_to_know_is_said(stated: dict[str, object], said: str) -> None:
    assert said in parsed(page(document(made(**stated)))).one("section", class_="backend").text


def test_several_backends_stand_side_by_side(found: Document, conformant: Document) -> None:
    other = copy(conformant)
    other.target = "other"
    shown = parsed(page(merge([("a", found), ("b", other)])))
    cells = shown.one("details", id="L5").one("span", class_="cells")
    assert [each.attributes["title"] for each in cells.all("span", class_="cell")] == [
        "the target: broken",
        "other: kept",
    ]
    assert [each.one("h2").text for each in shown.all("section", class_="backend")] == ["1 the target", "2 other"]
    assert len(list(shown.one("details", id="L5").all("article"))) == 2
    assert shown.one("p", class_="columns").text == "12"


def test_a_worker_that_is_not_the_backends_own_is_said_to_stand_beside() -> None:
    def beside(whole: Document) -> list[str]:
        families = list(parsed(page(whole)).all("section", class_="family"))
        return [each.text for family in families for each in family.all("p", class_="note") if "worker" in each.text]

    assert beside(document(made(worker_counts=False))) == [
        "jobkit's worker over this backend: beside the verdict, no part of it"
    ]
    assert beside(document(made())) == []


def test_every_verdict_is_explained(shown: Node) -> None:
    legend = [(each.one("dt").text, each.one("dd").text) for each in shown.one("dl", class_="legend").all("div")]
    assert legend == [(SIGNS[verdict] + name(verdict), MEANINGS[verdict]) for verdict in Verdict]


def test_glyphs_alone_tell_verdicts_apart() -> None:
    assert len(set(SIGNS.values())) == len(Verdict)


# Nothing from elsewhere.


def test_it_needs_nothing_else(found: Document) -> None:
    text = page(found)
    assert re.findall(r"https?://|@import|url\(", text) == []
    shown = parsed(text)
    for tag in ("link", "img", "iframe", "object", "embed", "base", "form"):
        assert list(shown.all(tag)) == []
    assert [each.attributes for each in shown.all("script")] == [{}]
    assert [link for link in shown.all("a") if not str(link.attributes["href"]).startswith("#")] == []


def test_no_script_runs_but_its_own(shown: Node) -> None:
    policy = next(each for each in shown.all("meta") if each.attributes.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(shown.one("script").text.encode()).digest()).decode()
    assert policy.attributes["content"] == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )


def test_ids_and_bodies_are_text_whatever_they_hold() -> None:
    report = made(remarks=(EVIL,), unsound=EVIL, accepted_unclaimed=(EVIL,))
    story = TimelineData([TimelineStep("call", 0, EVIL, EVIL, EVIL, EVIL)], [Lease(EVIL, EVIL, 1, 0, 9)])
    finding = report.findings["B1"]
    finding.verdict, finding.note = Verdict.BROKEN, EVIL
    finding.coverage[EVIL] = 1
    finding.failure = Failure(EVIL, EVIL, program=EVIL, replay=EVIL, shows_in=EVIL, story=story)
    finding.waiver = Waiver("B1", EVIL, dt.date(2027, 1, 1))
    whole = document(report)
    whole.target = whole.backend = whole.profile = EVIL
    whole.capabilities = {EVIL: True, "durable": EVIL}
    plain = page(document(made()))
    for shown in (page(whole), page(merge([("a", whole), ("b", document(made()))]))):
        evil = parsed(shown)
        assert len(list(evil.all("script"))) == len(list(parsed(plain).all("script"))) == 1
        assert list(evil.all("img")) == []
        assert "\x00" not in shown
        assert "\x1b" not in shown
        assert '<script>alert("x")' in evil.one("details", id="B1").one("pre", class_="seen").text


def test_elements_are_ended_and_escaped() -> None:
    made = element("p", "a<b", element("wbr"), "c&d", None, class_="x", aria_label='"', hidden=True, title=None)
    assert html(made) == '<p class="x" aria-label="&quot;" hidden="">a&lt;b<wbr>c&amp;d</p>'


@pytest.mark.parametrize("name", ["inline", "a.b.c:Harness", "", ".", "a..b:"])
def test_a_name_that_may_be_broken_up_is_still_the_name(name: str) -> None:
    assert "".join(each for each in breakable(name) if isinstance(each, str)) == name


# The drawing.


def lines(drawing: Node, kind: str) -> list[tuple[int, str, str]]:
    """By row: from where to where."""
    rows = drawing.one("ol").all("li")
    return [
        (place, str(each.attributes["y1"]), str(each.attributes["y2"]))
        for place, row in enumerate(rows)
        for each in row.all("line", class_=kind)
    ]


def draw(*steps: TimelineStep, leases: list[Lease] | None = None, wrong: bool = False) -> Node:
    return parsed(html(render_timeline(TimelineData(list(steps), leases or []), wrong=wrong)))


TAKE = TimelineStep("call", 0, "c1", "reserve", "1 of q", "granted a")
MINUTE = TimelineStep("clock", 60_000, moved=60_000)
SETTLE = TimelineStep("call", 60_000, "c1", "settle", "a done", "settled")


def test_a_lease_is_a_bar_from_its_grant_to_its_settle() -> None:
    drawing = draw(TAKE, SETTLE, MINUTE, leases=[Lease("c1", "a", 1, 0, 90_000, ended=1, how="done")])
    assert lines(drawing, "lease") == [(0, "50%", "100%"), (1, "0%", "50%")]
    assert lines(drawing, "over") == []


def test_a_lease_that_runs_out_ends_within_the_gap_in_which_it_did() -> None:
    drawing = draw(TAKE, MINUTE, SETTLE, leases=[Lease("c1", "a", 1, 0, 45_000, ended=2)])
    assert lines(drawing, "lease") == [(0, "50%", "100%"), (1, "0%", "75%")]
    assert lines(drawing, "over") == [(1, "75%", "75%")]


def test_a_lease_that_goes_on_reaches_the_end() -> None:
    drawing = draw(TAKE, MINUTE, leases=[Lease("c1", "a", 1, 0, 90_000)])
    assert lines(drawing, "lease") == [(0, "50%", "100%"), (1, "0%", "100%")]


def test_leases_at_one_time_lie_beside_each_other() -> None:
    two = [Lease("c1", "a", 1, 0, 90_000), Lease("c1", "b", 1, 0, 90_000)]
    bars = list(next(iter(draw(TAKE, MINUTE, leases=two).one("ol").all("li"))).all("line", class_="lease"))
    assert len({each.attributes["x1"] for each in bars}) == 2


def test_a_moving_clock_is_a_gap_in_every_lane() -> None:
    drawing = draw(TAKE, MINUTE, TimelineStep("call", 60_000, "c2", "reserve", "1 of q", "nothing"))
    rows = list(drawing.one("ol").all("li"))
    assert len(list(rows[1].all("line", class_="gap"))) == 2
    assert len(list(rows[0].all("line", class_="gap"))) == 0
    assert "the clock moves by 60 s" in rows[1].text


def test_a_call_that_is_answered_later_spans_the_steps_between() -> None:
    waiting = TimelineStep("call", 0, "c1", "reserve", "1 of q", "granted a", ended=2)
    assert lines(draw(waiting, MINUTE, SETTLE), "flight") == [(0, "50%", "100%"), (1, "0%", "100%")]


def test_the_wrong_answer_is_marked_but_not_where_workers_took_part() -> None:
    drawing = draw(TAKE, MINUTE, SETTLE, wrong=True)
    assert [row.attributes["class"] for row in drawing.all("li")] == ["step call", "step clock", "step call here"]
    assert len(list(drawing.all("circle", class_="ring"))) == 1
    worker = draw(TAKE, TimelineStep("note", 0, "w1", asked="starts"), wrong=True)
    assert list(worker.all("circle", class_="ring")) == []


def test_many_clients_share_the_last_lane() -> None:
    drawing = draw(*(TimelineStep("call", 0, f"c{number}", "get", "a", "ready") for number in range(1, 20)))
    row = next(iter(drawing.one("ol").all("li")))
    assert len(list(row.all("line", class_="lane"))) == 6
    assert [each.text for each in drawing.all("text")] == ["c1", "c2", "c3", "c4", "c5", "c6 +13"]


def test_words_say_all_that_the_drawing_shows(broken: Node) -> None:
    rows = [row.text for row in broken.one("div", class_="play").all("li")]
    assert any("c1 settle a (delivery 1) done → settled" in row for row in rows)
    assert all(svg.attributes.get("aria-hidden") == "true" for row in broken.all("li") for svg in row.all("svg"))
