"""Honest backends raise no alarm, whatever machines draw for them."""

from __future__ import annotations

import pytest

from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.verdicts import Verdict
from tests.conformance.honest import Offset, Shuffling
from tests.conformance.small_profile import run

pytestmark = pytest.mark.realtime

MACHINES = ["L5", "X2", "O1", "E7", "K1", "L9"]
"""Rules that machines judge: each needs rare coverage."""


@pytest.mark.parametrize("seed", [3, 4, 5])
@pytest.mark.parametrize("harness", [Offset, Shuffling])
def test_no_alarm_whatever_is_drawn(harness: type[BackendHarness], seed: int) -> None:
    report = run(harness(), *MACHINES, seed=seed)
    assert {id: report.findings[id].verdict for id in MACHINES} == dict.fromkeys(MACHINES, Verdict.KEPT)
