"""The guide for backend authors says what the kit does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobkit_conformance.catalogue import RULES
from jobkit_conformance.docs_table import update_table
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.verdicts import Verdict

GUIDE = Path(__file__).parents[2] / "conformance" / "README.md"


@pytest.fixture(scope="module")
def guide() -> str:
    return GUIDE.read_text()


def test_its_table_of_rules_is_the_catalogue(guide: str) -> None:
    assert update_table(guide) == guide, "write it anew: python -m jobkit_conformance.docs_table conformance/README.md"


def test_every_rule_is_in_it(guide: str) -> None:
    assert re.findall(r"^\| ([A-Z]\d+) \|", guide, re.MULTILINE) == [rule.id for rule in RULES]


def test_every_hook_is_in_it(guide: str) -> None:
    harness = {name for name in vars(BackendHarness) if not name.startswith("_")}
    assert [name for name in harness - {"offers", "describe", "close"} if f"`{name}" not in guide] == []


def test_every_verdict_is_in_it(guide: str) -> None:
    words = {verdict: verdict.words.removesuffix(" as declared") for verdict in Verdict}
    assert [verdict for verdict, word in words.items() if f"| {word}" not in guide.lower()] == []
