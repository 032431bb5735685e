"""The report as JSON: every rule in it, a schema that it keeps, and a footer without which it is not whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from jobkit_conformance.catalogue import RULES
from jobkit_conformance.reports import schema
from jobkit_conformance.reports.json_reader import BadDocument, decode, read
from jobkit_conformance.reports.json_report import SCHEMA, Document, document, encode, manifest
from jobkit_conformance.reports.merge import merge
from jobkit_conformance.reports.report import Report
from jobkit_conformance.reports.waivers import Waiver, apply
from jobkit_conformance.verdicts import Verdict
from tests.broken.settle_forgets_the_token import Harness as Forgetful
from tests.conformance.honest import Bare
from tests.conformance.made_reports import made
from tests.conformance.small_profile import TINY, run
from tests.conformance.unsound import Amnesiac


@pytest.fixture(scope="module")
def report() -> Report:
    return run(Forgetful(), "L5", "B3", profile=TINY)


@pytest.fixture(scope="module")
def found(report: Report) -> dict[str, Any]:
    """What another program reads."""
    read: dict[str, Any] = msgspec.json.decode(encode(document(report)))
    return read


@pytest.fixture(scope="module")
def rules(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rule["id"]: rule for rule in found["rules"]}


def test_every_rule_is_in_it_in_order(found: dict[str, Any]) -> None:
    assert [rule["id"] for rule in found["rules"]] == [rule.id for rule in RULES]


def test_its_head_says_what_was_asked_of_whom(found: dict[str, Any]) -> None:
    assert (found["schema"], found["contract"], found["manifest"]) == (SCHEMA, 1, manifest())
    assert (found["target"], found["backend"]) == ("the target", "inline, broken: settle_forgets_the_token")
    assert (found["clock"], found["profile"], found["seed"]) == ("frozen", "quick", 1)
    assert found["capabilities"]["max_batch"] == 1000


def test_a_broken_rule_has_its_program(rules: dict[str, dict[str, Any]]) -> None:
    assert rules["L5"]["verdict"] == "broken"
    assert "async def program(env):" in rules["L5"]["program"]
    assert rules["L5"]["replay"] == "--rule L5 --seed 1"
    assert "expected [Stale()], got [Settled()]" in rules["L5"]["seen"]
    assert (rules["B3"]["verdict"], rules["B3"]["program"]) == ("kept", None)
    assert rules["B1"]["verdict"] == "not_run"


def test_what_the_catalogue_says_comes_along(rules: dict[str, dict[str, Any]]) -> None:
    rule = next(rule for rule in RULES if rule.id == "L5")
    told = rules["L5"]
    assert (told["sentence"], told["reason"], told["look"]) == (rule.sentence, rule.reason, rule.look)
    assert (told["needs"], told["bugs"]) == (list(rule.needs), list(rule.bugs))


def test_its_steps_are_data(rules: dict[str, dict[str, Any]]) -> None:
    story = rules["L5"]["story"]
    assert [step["verb"] for step in story["steps"] if step["kind"] == "call"][:2] == ["enqueue", "reserve"]
    assert any(step["kind"] == "clock" and step["moved"] > 0 for step in story["steps"])
    first, second = story["leases"][:2]
    assert (first["job"], first["attempt"], first["who"]) == (second["job"], 1, "c1")
    assert second["attempt"] == 2
    assert second["began"] > first["began"]


def test_its_footer_says_what_it_comes_to(found: dict[str, Any]) -> None:
    footer = found["footer"]
    assert (footer["complete"], footer["verdict"], footer["exit"]) == (False, "not_conformant", 1)
    assert footer["counts"] == {"kept": 1, "broken": 1, "not_run": 88}
    assert (footer["accepted_unclaimed"], footer["unsound"], footer["remarks"]) == ([], "", [])


def test_it_is_read_as_it_was_written(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(encode(document(report)))
    assert read(path) == document(report)


def test_verdicts_are_a_closed_set_with_underscores(found: dict[str, Any]) -> None:
    assert {rule["verdict"] for rule in found["rules"]} <= {verdict.value for verdict in Verdict}
    assert all(verdict.value == verdict.value.lower().replace(" ", "_") for verdict in Verdict)


def test_coverage_labels_are_counted() -> None:
    rules = {rule.id: rule for rule in document(run(Bare(), "L5", profile=TINY)).rules}
    assert rules["L5"].coverage["settle, superseded"] > 0
    assert rules["L5"].cases > 10


def test_surrogates_are_spelled_out(report: Report) -> None:
    finding = report.findings["O2"]
    before, finding.note = finding.note, "an id that is no text: \ud800"
    try:
        assert b"no text: \\\\ud800" in encode(document(report))
    finally:
        finding.note = before


# The schema.


def test_the_schema_that_is_shipped_is_the_one_that_is_declared() -> None:
    assert schema.shipped() == schema.declared(), "write it anew: python -m jobkit_conformance.reports.schema"


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.shipped())


def _waived() -> Document:
    report = run(Forgetful(), "L5")
    apply(report, [Waiver("L5", "known", dt.date(2030, 1, 1))], dt.date(2029, 1, 1))
    return document(report)


def _of(kind: str) -> bytes:
    match kind:
        case "waived":
            return encode(_waived())
        case "unsound":
            return encode(document(run(Amnesiac(), "L5")))
        case _:
            return encode(merge([("a", made(target="one")), ("b", made(Verdict.BROKEN, target="other"))]))


@pytest.mark.parametrize("kind", ["waived", "unsound", "several"])
def test_every_report_keeps_the_schema(kind: str) -> None:
    jsonschema.validate(msgspec.json.decode(_of(kind)), schema.shipped())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found.pop("footer"),
        lambda found: found.pop("manifest"),
        lambda found: found.update(schema="jobkit-conformance-0"),
        lambda found: found["rules"][0].update(verdict="fine"),
        lambda found: found["rules"][0].update(cases=-1),
        lambda found: found["footer"].update(exit=7),
    ],
    ids=["no footer", "no digest", "another version", "another verdict", "less than nothing", "another exit"],
)
def test_what_does_not_keep_it_is_refused_by_the_schema_and_by_the_kit(found: dict[str, Any], spoil: Any) -> None:
    spoiled: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found))
    spoil(spoiled)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spoiled, schema.shipped())
    with pytest.raises(BadDocument, match="no whole report of the kit"):
        decode(msgspec.json.encode(spoiled))


def test_a_report_without_some_of_its_rules_is_not_whole(found: dict[str, Any]) -> None:
    part = {**found, "rules": found["rules"][:3]}
    with pytest.raises(BadDocument, match="the footer tells of 90 rules and other verdicts than the 3 rules in it"):
        decode(msgspec.json.encode(part))


def test_a_report_with_a_rule_twice_is_none(found: dict[str, Any]) -> None:
    rules = [*found["rules"][:-1], found["rules"][-2]]
    with pytest.raises(BadDocument, match="1 rules are in it twice"):
        decode(msgspec.json.encode({**found, "rules": rules}))


def test_half_a_file_is_no_report(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "half.json"
    path.write_bytes(encode(document(report))[:2000])
    with pytest.raises(BadDocument, match="half.json: no JSON, or only a part of one"):
        read(path)


def test_no_file_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match="can't be read: No such file"):
        read(tmp_path / "nothing.json")
