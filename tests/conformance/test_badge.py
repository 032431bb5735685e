"""The badge: the contract's version and counts, grey when some rules could not be judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobkit.cli import main
from jobkit_conformance.reports.badge import AMBER, GREEN, GREY, RED, Badge, as_endpoint, as_svg, badge
from jobkit_conformance.reports.json_report import encode
from jobkit_conformance.reports.merge import merge
from jobkit_conformance.verdicts import Exit, Verdict
from tests.conformance.made_reports import made
from tests.conformance.pages import parsed


@pytest.mark.parametrize(
    ("stated", "message", "colour"),
    [
        ({}, "90 kept", GREEN),
        ({"verdicts": {"P1": Verdict.REFUSED, "D1": Verdict.OUT_OF_SCOPE}}, "88 kept, 2 not claimed", GREEN),
        ({"verdicts": {"L5": Verdict.WAIVED}}, "89 kept, 1 waived", AMBER),
        ({"verdicts": {"L5": Verdict.BROKEN, "L6": Verdict.BROKEN}}, "88 kept, 2 broken", RED),
        ({"verdicts": {"L5": Verdict.UNKNOWN, "L6": Verdict.NOT_RUN}}, "88 kept, 2 open", GREY),
        ({"verdicts": {"L5": Verdict.UNKNOWN}, "allow_incomplete": True}, "89 kept, 1 open", GREY),
        ({"verdicts": {"L5": Verdict.ERROR}}, "89 kept, 1 failed", GREY),
        ({"verdicts": {"L5": Verdict.BROKEN, "L6": Verdict.UNKNOWN}}, "88 kept, 1 broken, 1 open", RED),
        ({"accepted_unclaimed": ("keys",)}, "90 kept, keys not refused", RED),
        ({"unsound": "wipe() does nothing"}, "not judged", GREY),
    ],
)
def test_what_it_says(stated: dict[str, Any], message: str, colour: str) -> None:
    assert badge(made(**stated)) == Badge("jobkit contract 1", message, colour)


def test_it_is_never_a_bare_percentage() -> None:
    assert "%" not in "".join(badge(made(verdicts={"L5": Verdict.BROKEN})))


def test_a_picture_that_needs_nothing_else() -> None:
    text = as_svg(Badge("a <label>", "90 kept & more", GREEN)).decode()
    picture = parsed(text).one("svg")
    assert picture.attributes["aria-label"] == "a <label>: 90 kept & more"
    assert [each.text for each in picture.all("text")] == ["a <label>", "90 kept & more"]
    assert "href" not in text
    left, right = list(picture.all("rect"))[1:]
    assert int(str(left.attributes["width"])) + int(str(right.attributes["width"])) == int(
        str(picture.attributes["width"])
    )
    assert (left.attributes["width"], right.attributes["fill"]) == (right.attributes["x"], GREEN)


def test_an_endpoint_as_shields_reads_it() -> None:
    assert json.loads(as_endpoint(Badge("label", "message", RED))) == {
        "schemaVersion": 1,
        "label": "label",
        "message": "message",
        "color": RED,
    }


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, svg, endpoint = tmp_path / "report.json", tmp_path / "badge.svg", tmp_path / "badge.json"
    path.write_bytes(encode(made()))
    assert main(["conformance", "badge", str(path), "--svg", str(svg), "--endpoint", str(endpoint)]) == 0
    assert capsys.readouterr().out == "jobkit contract 1: 90 kept\n"
    assert svg.read_text().startswith("<svg ")
    assert json.loads(endpoint.read_bytes())["message"] == "90 kept"


def test_of_several_backends_one_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.json"
    path.write_bytes(encode(merge([("a", made()), ("b", made(target="other", verdicts={"L5": Verdict.BROKEN}))])))
    assert main(["conformance", "badge", str(path), "--target", "other"]) == 0
    assert capsys.readouterr().out == "jobkit contract 1: 89 kept, 1 broken\n"
    assert main(["conformance", "badge", str(path)]) == Exit.USAGE
    assert "choose one with --target (mine, other)" in capsys.readouterr().err
    assert main(["conformance", "badge", str(path), "--target", "third"]) == Exit.USAGE
    assert "no backend 'third': there is mine, other" in capsys.readouterr().err
