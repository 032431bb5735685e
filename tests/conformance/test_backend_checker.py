"""The invariants of a history, by histories written by hand: good ones, and for each way to be bad at least one.

The slow twin judges each of them too: it finds how a good one came about, and that a bad one can't have.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobkit_conformance.checkers import backend
from jobkit_conformance.checkers.backend import check
from jobkit_conformance.violations import RuleViolation
from tests.conformance.bad_histories import BAD
from tests.conformance.good_histories import GOOD
from tests.conformance.histories import Case
from tests.conformance.twin import explainable


def _names(case: Case) -> str:
    return getattr(case.write, "__name__", "")


@pytest.mark.parametrize("case", GOOD, ids=_names)
def test_a_good_history_is_not_accused(case: Case) -> None:
    written = case.written()
    check(written.history, slack=case.slack)
    if case.twin:
        assert explainable(written.history, prompt=case.slack is not None)


@pytest.mark.parametrize("case", BAD, ids=_names)
def test_a_bad_history_breaks_its_rule(case: Case) -> None:
    written = case.written()
    with pytest.raises(RuleViolation) as found:
        check(written.history, slack=case.slack)
    assert found.value.rule == case.rule
    assert not case.twin or not explainable(written.history, prompt=case.slack is not None)


def test_every_rule_that_an_invariant_names_is_broken_here() -> None:
    named = set(re.findall(r"""["']([A-Z]\d+)["']""", Path(backend.__file__).read_text()))
    assert {case.rule for case in BAD} == named
