"""What an environment says of an answer that is not the one expected."""

from __future__ import annotations

import pytest

from jobkit.backends.inline.backend import CAPABILITIES
from jobkit.testing.inline import Harness
from jobkit_conformance.env import Env
from jobkit_conformance.violations import RuleViolation

TEN = [f"m{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("actual", "expected", "said"),
    [
        (["a"], ["a", "b"], "expected ['a', 'b'], got ['a']"),
        (1, 2, "expected 2, got 1"),
        (TEN[1:], TEN, "of 10 expected, ['m0'] missing"),
        ([*TEN, "x"], TEN, "of 10 expected, ['x'] too much"),
        (["x", *TEN[1:]], TEN, "of 10 expected, ['m0'] missing and ['x'] too much"),
        (TEN[::-1], TEN, f"expected {TEN}, got {TEN[::-1]}"),
    ],
)
def test_of_many_only_the_difference_is_said(actual: object, expected: object, said: str) -> None:
    env = Env(Harness(), "expectations", CAPABILITIES, "R1")
    with pytest.raises(RuleViolation) as broken:
        env.expect(actual, expected, "what was granted")
    assert broken.value.observed == f"what was granted: {said}"
    env.expect(expected, expected, "what was granted")
