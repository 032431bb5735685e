"""What came of performing a job once, and how its delivery is settled."""

from __future__ import annotations

import pytest

from jobkit.backend import Dead, Done, Release, RetryAt, Settlement
from jobkit.execute.outcome import Outcome, Performed


@pytest.mark.parametrize(
    ("outcome", "settlement"),
    [
        (Outcome(state=Performed.SUCCEEDED, value=1), Done("t")),
        (Outcome(state=Performed.DISCARDED, reason="KeyError"), Done("t")),
        (Outcome(state=Performed.SKIPPED, reason="not now"), Done("t")),
        (Outcome(state=Performed.RETRYING, retry_in=10.0), RetryAt("t", after=7_500)),
        (Outcome(state=Performed.RETRYING, retry_in=1.0), RetryAt("t", after=0)),
        (Outcome(state=Performed.DEAD, reason="KeyError: 7"), Dead("t", "KeyError: 7")),
        (Outcome(state=Performed.DEAD), Dead("t", "no reason was given")),
        (Outcome(state=Performed.INTERRUPTED), Release("t")),
    ],
)
def test_each_ending_is_settled_in_its_way_counted_from_the_failure(outcome: Outcome, settlement: Settlement) -> None:
    assert outcome.settlement("t", elapsed=2.5) == settlement


def test_every_ending_has_one() -> None:
    for state in Performed:
        assert Outcome(state=state).settlement("t", 0).token == "t"
