"""By every way to a server: what befalls single commands, and what befalls processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.runner import Run
from jobkit_conformance.verdicts import Verdict
from tests.long.topologies import BehindSentinels, BehindSteadySentinels, Encrypted, InACluster, InAFile, Way

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

FEWER = replace(PROFILES["quick"], seconds=600, faults=3, patience=20.0, shrinking=0.0)


@pytest.fixture
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    way: Way = request.param()
    yield way
    way.close()


def verdicts(harness: BackendHarness, words: str) -> Counter[Verdict]:
    """What the parts whose description has these words say of the rules that they ask."""
    run = Run(harness, FEWER, seed=1)
    asked = set[str]()
    try:
        assert run.begin("by another way") == ""
        for part in run.parts():
            if words in part.words:
                part.play()
                asked |= part.judges
        report = run.report(0.0)
    finally:
        run.close()
    findings = [report.findings[id] for id in sorted(asked)]
    told = [(each.rule.id, each.failure and each.failure.seen) for each in findings if each.verdict is Verdict.BROKEN]
    assert told == [], report.failed()
    return Counter(finding.verdict for finding in findings)


@pytest.mark.parametrize("way", [Encrypted, InAFile, BehindSteadySentinels, InACluster], indirect=True)
def test_commands_that_are_struck(way: Way) -> None:
    found = verdicts(way, "proxy")
    assert found[Verdict.KEPT] >= 25, found


@pytest.mark.parametrize("way", [Encrypted, InAFile, BehindSentinels, InACluster], indirect=True)
def test_processes_that_are_struck(way: Way) -> None:
    found = verdicts(way, "as processes")
    assert found[Verdict.KEPT] >= 8, found
