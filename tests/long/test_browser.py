"""The page in a real browser: on a phone and on a desk, light and dark, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobkit_conformance.reports.html import page
from jobkit_conformance.reports.json_report import document
from jobkit_conformance.reports.merge import merge
from jobkit_conformance.verdicts import Verdict
from tests.broken.leases_are_not_kept import Harness as Careless
from tests.broken.settle_forgets_the_token import Harness as Forgetful
from tests.conformance.honest import Bare
from tests.conformance.small_profile import run
from tests.long.browser import Browser, chromium

pytestmark = pytest.mark.realtime

PHONE, DESK = 360, 1280

CONTRAST = """
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const found = rgb(getComputedStyle(each).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255];
  };
  const poor = {};
  for (const node of document.querySelectorAll("body *")) {
    const said = [...node.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
    if (!said || node.closest("svg, script, .unseen") || !node.checkVisibility()) continue;
    const [one, other] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) poor[`${node.tagName}.${node.className}`] = ratio.toFixed(2);
  }
  return poor;
})()
"""
"""Texts that are hard to read on what is behind them, by what accessibility asks of small print."""

OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"

ROWS = """
[...document.querySelectorAll("#L5 .step")].map((row) => {
  const box = row.getBoundingClientRect(), words = row.lastElementChild.getBoundingClientRect();
  const drawing = row.querySelector("svg").getBoundingClientRect();
  return {
    drawn: Math.abs(drawing.height - box.height) < 1 && drawing.width > 20,
    within: words.left >= drawing.right && words.right <= innerWidth && words.height <= box.height,
    size: parseFloat(getComputedStyle(row.lastElementChild).fontSize),
  };
})
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one backend, with all that a page can hold: what is broken, waived, counted, and said beside."""
    report = run(Forgetful(), "L5", "S8", "B3", "R3")
    report.findings["S8"].verdict = Verdict.WAIVED
    report.remarks = ("the waiver of O1 ended on 2026-01-31",)
    path = tmp_path_factory.mktemp("pages") / "one.html"
    path.write_text(page(document(report)))
    return path


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of four backends, one of them with a name that no phone has room for."""
    reports = [document(run(harness, *rules)) for harness, rules in ((Forgetful(), ["L5"]), (Bare(), ["L5"]))]
    reports.append(document(run(Careless(), "W3")))
    reports.append(document(run(Bare(), "B3", seed=2)))
    names = ["inline", "redis", "some.package.with.a.long.name.of.its.own:HarnessOnARealClock", "fakeredis"]
    for report, name in zip(reports, names, strict=True):
        report.target = name
    path = tmp_path_factory.mktemp("pages") / "several.html"
    path.write_text(page(merge([(report.target, report) for report in reports])))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("which", ["one", "several"])
def test_it_fits_and_can_be_read(
    browser: Browser, which: str, width: int, scheme: str, request: pytest.FixtureRequest
) -> None:
    browser.show(request.getfixturevalue(which), width=width, scheme=scheme)
    for _ in range(2):
        assert browser.value("document.documentElement.scrollWidth") <= width
        assert browser.value(CONTRAST) == {}
        browser.value(OPEN_ALL)
    assert browser.complaints() == []


def test_light_is_light_and_dark_is_dark(browser: Browser, one: Path) -> None:
    seen: list[int] = []
    for scheme in ("light", "dark"):
        browser.show(one, width=DESK, scheme=scheme)
        colour = browser.value("getComputedStyle(document.body).backgroundColor")
        seen.append(sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")))
    light, dark = seen
    assert light > 700
    assert dark < 100


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_failing_rule_is_opened_with_the_keyboard_to_its_drawing(browser: Browser, one: Path, width: int) -> None:
    browser.show(one, width=width, scheme="light")
    assert browser.value("document.getElementById('L5').open") is False
    browser.tab_to("#L5 > summary")
    browser.press("Enter")
    assert browser.value("document.getElementById('L5').open") is True
    rows = browser.value(ROWS)
    assert len(rows) >= 4
    assert [row for row in rows if not (row["drawn"] and row["within"] and row["size"] >= 13)] == []
    bars = "[...document.querySelectorAll('#L5 line.lease')].map((bar) => bar.getBoundingClientRect().height)"
    assert min(browser.value(bars)) > 5


def test_what_is_broken_leads_to_its_rule(browser: Browser, one: Path) -> None:
    browser.show(one, width=PHONE, scheme="light")
    browser.tab_to(".broken-list a")
    browser.press("Enter")
    browser.until(lambda: browser.value("document.getElementById('L5').open"))
    assert browser.value("document.activeElement.parentElement.id") == "L5"
    top = browser.value("document.getElementById('L5').getBoundingClientRect().top")
    assert 0 <= top < 800


def test_a_program_is_copied_with_the_keyboard(browser: Browser, one: Path) -> None:
    browser.show(one, width=DESK, scheme="light")
    browser.value("document.getElementById('L5').open = true")
    browser.ask("Browser.grantPermissions", permissions=["clipboardReadWrite"])
    browser.tab_to("#L5 .copy")
    browser.press("Enter")
    browser.until(lambda: browser.value("document.querySelector('#L5 .copy').textContent") != "Copy")
    said = browser.value("document.querySelector('#L5 .copy').textContent")
    got = browser.value("navigator.clipboard.readText()" if said == "Copied" else "String(getSelection())")
    assert "async def program(env):" in got


def test_verdicts_are_chosen_with_the_keyboard(browser: Browser, one: Path) -> None:
    shown = (
        "[...document.querySelectorAll('details.rule')].filter((each) => each.checkVisibility()).map(({ id }) => id)"
    )
    browser.show(one, width=PHONE, scheme="light")
    browser.tab_to("[data-verdict=broken]")
    browser.press(" ")
    assert browser.value(shown) == ["L5"]
    assert browser.value("document.activeElement.getAttribute('aria-pressed')") == "true"
    browser.press(" ")
    assert len(browser.value(shown)) == 90


def test_all_is_there_without_a_script(browser: Browser, one: Path) -> None:
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.show(one, width=PHONE, scheme="light")
        browser.ask("Runtime.evaluate", expression="1")
        browser.tab_to("#L5 > summary")
        browser.press("Enter")
        assert browser.value("document.getElementById('L5').open") is True
        assert browser.value("document.querySelector('#L5 .copy').checkVisibility()") is False
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_on_paper_what_is_broken_is_open(browser: Browser, one: Path) -> None:
    browser.show(one, width=DESK, scheme="dark")
    assert browser.ask("Page.printToPDF")["data"]
    opened = "[...document.querySelectorAll('details.rule[open]')].map(({ id }) => id)"
    assert browser.value(opened) == ["L5", "S8"]
