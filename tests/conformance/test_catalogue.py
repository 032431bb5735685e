"""The catalogue is whole: every rule has a check or a reason, and every check a rule."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from jobkit.backend import Capabilities
from jobkit_conformance.catalogue import BY_ID, FAMILIES, RULES, UNCHECKED, Rule
from jobkit_conformance.checks import EXAMPLES
from jobkit_conformance.checks.registry import Check, add, check
from jobkit_conformance.env import Env
from jobkit_conformance.generators import MACHINES
from jobkit_conformance.harness import BackendHarness

CLAIMS = set(Capabilities.__struct_fields__)


def test_ids_are_unique_and_of_a_family() -> None:
    assert [id for id, count in Counter(rule.id for rule in RULES).items() if count > 1] == []
    assert [rule.id for rule in RULES if not re.fullmatch(rf"[{''.join(FAMILIES)}]\d+", rule.id)] == []


def test_every_rule_has_an_example_or_a_reason() -> None:
    assert EXAMPLES.keys() | UNCHECKED.keys() == BY_ID.keys()
    assert not EXAMPLES.keys() & UNCHECKED.keys()


def test_a_rule_whose_needs_are_met_is_played() -> None:
    def is_played(rule: Rule) -> bool:
        return any(set(one.needs) <= set(rule.needs) for one in EXAMPLES[rule.id])

    assert [rule.id for rule in RULES if rule.id not in UNCHECKED and not is_played(rule)] == []


def test_a_rule_says_why_and_where_to_look() -> None:
    texts = {(rule.id, name): getattr(rule, name) for rule in RULES for name in ("sentence", "reason", "look")}
    assert [place for place, text in texts.items() if not text.endswith(".")] == []
    assert [rule.id for rule in RULES if not all(map(str.strip, rule.bugs))] == []


def _needs() -> list[tuple[str, str]]:
    of_rules = [(rule.id, need) for rule in RULES for need in rule.needs]
    return of_rules + [(id, need) for id, examples in EXAMPLES.items() for one in examples for need in one.needs]


def test_every_need_is_something_that_can_be_claimed() -> None:
    hooks = {f"hook:{name}" for name in vars(BackendHarness)}
    known = CLAIMS | hooks | {"clock", "skew", "worker"}
    assert [(id, need) for id, need in _needs() if not set(need.split("|")) <= known] == []


def test_no_two_examples_of_a_rule_have_one_name() -> None:
    names = Counter((id, one.name) for id, examples in EXAMPLES.items() for one in examples)
    assert [name for name, count in names.items() if count > 1] == []


def test_machines_judge_rules_of_the_catalogue() -> None:
    assert {id for machine in MACHINES for id in machine.rules} <= BY_ID.keys()


def test_an_example_of_no_rule_is_refused() -> None:
    async def play(env: Env) -> None:
        raise AssertionError

    with pytest.raises(LookupError, match="no rule 'Q9'"):
        check("Q9")(play)
    with pytest.raises(LookupError, match="no rule 'Q9'"):
        add(Check("Q9", play))
