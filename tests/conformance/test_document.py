"""The report as JSON: every rule in it, and a footer without which it is not whole."""

from __future__ import annotations

import msgspec
import pytest

from jobkit_conformance.catalogue import RULES
from jobkit_conformance.report import Report
from jobkit_conformance.reports.document import SCHEMA, document, encode, manifest
from jobkit_conformance.verdicts import Verdict
from tests.broken.settle_forgets_the_token import Harness as Forgetful
from tests.conformance.honest import Bare
from tests.conformance.swift import run


@pytest.fixture(scope="module")
def report() -> Report:
    return run(Forgetful(), "L5", "B3")


def test_every_rule_is_in_it_in_order(report: Report) -> None:
    assert [rule["id"] for rule in document(report)["rules"]] == [rule.id for rule in RULES]


def test_its_head_says_what_was_asked_of_whom(report: Report) -> None:
    found = document(report)
    assert (found["schema"], found["contract"], found["manifest"]) == (SCHEMA, 1, manifest())
    assert (found["target"], found["backend"]) == ("the target", "inline, broken: settle_forgets_the_token")
    assert (found["clock"], found["profile"], found["seed"]) == ("frozen", "quick", 1)
    assert found["capabilities"]["max_batch"] == 1000


def test_a_broken_rule_has_its_program(report: Report) -> None:
    rules = {rule["id"]: rule for rule in document(report)["rules"]}
    assert rules["L5"]["verdict"] == "broken"
    assert "async def program(stage):" in rules["L5"]["program"]
    assert rules["L5"]["replay"] == "--rule L5 --seed 1"
    assert "expected [Stale()], got [Settled()]" in rules["L5"]["seen"]
    assert (rules["B3"]["verdict"], rules["B3"]["program"]) == ("kept", None)
    assert rules["B1"]["verdict"] == "not_run"


def test_its_footer_says_what_it_comes_to(report: Report) -> None:
    footer = document(report)["footer"]
    assert (footer["complete"], footer["verdict"], footer["exit"]) == (False, "not_conformant", 1)
    assert footer["accepted_unclaimed"] == []
    assert footer["unsound"] == ""


def test_it_is_json_and_the_same_twice(report: Report) -> None:
    assert msgspec.json.decode(encode(report)) == document(report)
    assert encode(report) == encode(report)


def test_verdicts_are_a_closed_set(report: Report) -> None:
    assert {rule["verdict"] for rule in document(report)["rules"]} <= {verdict.value for verdict in Verdict}


def test_situations_are_counted() -> None:
    rules = {rule["id"]: rule for rule in document(run(Bare(), "L5"))["rules"]}
    assert rules["L5"]["situations"]["settle, superseded"] > 0
    assert rules["L5"]["cases"] > 10
