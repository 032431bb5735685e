"""Honest backends, odd ones included, raise no alarm: with a few seeds here, with as many as one likes by hand.

    python tests/long/test_no_alarm.py --seeds 50 --cases 20000 inline Bare Shuffling

A target is one of `HONEST`, or what ``jobkit conformance`` takes. Exit code 1 when there was an alarm.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from jobkit_conformance.catalogue import RULES
from jobkit_conformance.generators import MACHINES
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.production_mode import production_mode
from jobkit_conformance.profiles import PROFILES, Profile
from jobkit_conformance.reports.report import Report
from jobkit_conformance.runner import Run
from jobkit_conformance.simulation.worker_scenarios import RULES as JUDGES
from jobkit_conformance.targets import find
from jobkit_conformance.tiers.task import TierTask
from jobkit_conformance.verdicts import Verdict
from tests.conformance.honest import Bare, Gathered, Offset, Real, Shuffling, Slow
from tests.conformance.remote import RemoteHarness
from tests.conformance.small_profile import SWIFT

pytestmark = pytest.mark.realtime

HONEST: Final[dict[str, Callable[[], BackendHarness]]] = {
    "Bare": Bare,
    "Shuffling": Shuffling,
    "Slow": Slow,
    "Gathered": Gathered,
    "Offset": Offset,
    "Real": Real,
    "Remote": RemoteHarness,
}
BACKEND: Final = frozenset(rule.id for rule in RULES if not rule.judges_worker)
WORKER: Final = frozenset(rule.id for rule in RULES if rule.judges_worker) & JUDGES.keys()
SEEDS: Final = (11, 12, 13)
DAY: Final = 86_400.0
OPEN: Final = (Verdict.NOT_EXERCISED, Verdict.UNKNOWN)
ALARMS: Final = (Verdict.BROKEN, Verdict.ERROR)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["inline", *HONEST])
def test_no_alarm(name: str, seed: int) -> None:
    report, _ = play(name, SWIFT, seed)
    assert alarms(report) == []
    if name in ("Bare", "Shuffling"):  # their clock is moved, so that nothing depends on the machine
        assert {id: found.note for id, found in report.findings.items() if found.verdict in OPEN} == {}


@pytest.mark.parametrize("name", ["inline", "Bare", "Slow"])
def test_no_alarm_of_workers(name: str) -> None:
    report, counted = play(name, drawing(0, shifts=400), seed=11, rules=WORKER, drawn_only=True)
    assert alarms(report) == []
    assert counted["shifts"] >= 400


def test_an_alarm_is_told() -> None:
    report, _ = play("tests.broken.settle_forgets_the_token:Harness", SWIFT, seed=1)
    assert "L5" in {alarm.partition(":")[0] for alarm in alarms(report)}


def test_what_is_drawn_is_counted() -> None:
    report, counted = play("inline", drawing(400), seed=1, drawn_only=True)
    assert alarms(report) == []
    assert counted["programs"] >= 400
    assert counted["scenarios"] >= 400
    assert counted["shifts"] >= 20, "workers are played for what they show of their backend"


def play(
    target: str, profile: Profile, seed: int, *, rules: frozenset[str] = BACKEND, drawn_only: bool = False
) -> tuple[Report, dict[str, int]]:
    """One run over a backend: its report, and how many programs and scenarios were drawn for it."""
    harness = HONEST[target]() if target in HONEST else find(target)
    run, begun = Run(harness, profile, seed, rules), time.monotonic()
    counted = {"programs": 0, "scenarios": 0, "shifts": 0}
    try:
        with production_mode():
            unsound = run.begin(target)
            assert not unsound, unsound
            for part in run.parts():
                kind = _kind(part)
                if kind or not drawn_only:
                    cases = _played(run, part)
                    counted |= {kind: counted[kind] + cases} if kind else {}
        return run.report(time.monotonic() - begun), counted
    finally:
        run.close()
        harness.close()


def _kind(part: TierTask) -> str:
    """What is drawn for it: programs for a machine, scenarios for clients at once, nothing for examples."""
    if part.words.startswith("the machine"):
        return "programs"
    if part.words.startswith("several workers"):
        return "shifts"
    return "scenarios" if part.words.startswith("several clients") else ""


def _played(run: Run, part: TierTask) -> int:
    before = {id: run.findings[id].cases for id in part.judges}
    part.play()
    return max(run.findings[id].cases - cases for id, cases in before.items())


def alarms(report: Report) -> list[str]:
    """What an honest backend was accused of: the rule, what was seen, how to see it again."""
    found = [finding for finding in report.findings.values() if finding.verdict in ALARMS]
    seen = [(finding.rule.id, finding.failure) for finding in found]
    told = [f"{id}: {failure.seen}  {failure.replay}" if failure else id for id, failure in seen]
    return [*told, *(f"{option}: accepted, and not claimed" for option in report.accepted_unclaimed)]


def drawing(cases: int, *, shifts: int | None = None) -> Profile:
    """So many programs, over all machines together, so many scenarios, and a twentieth of it with workers."""
    shifts = cases // 20 if shifts is None else shifts
    return replace(PROFILES["quick"], programs=cases // len(MACHINES), scenarios=cases, shifts=shifts, seconds=DAY)


# By hand.


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for alarms on backends that are honest.")
    parser.add_argument("targets", nargs="+", metavar="TARGET", help=f"{', '.join(HONEST)}, or any of the kit's")
    parser.add_argument("--seeds", type=int, default=50, help="whole swift runs, each with another seed (50)")
    parser.add_argument("--cases", type=int, default=20_000, help="programs to draw, and as many scenarios (20,000)")
    parser.add_argument("--shifts", type=int, default=2_000, help="of workers, judged themselves (2,000)")
    options = parser.parse_args()
    of = options.seeds, options.cases, options.shifts
    found = [alarm for target in options.targets for alarm in _accused(target, *of)]
    return int(bool(found))


def _accused(target: str, seeds: int, cases: int, shifts: int) -> Iterator[str]:
    begun, found = time.monotonic(), list[str]()
    for seed in range(1, seeds + 1):
        found += alarms(play(target, SWIFT, seed)[0])
    print(f"{target}: {seeds} runs, {len(found)} alarms, {time.monotonic() - begun:.0f} s", flush=True)
    if cases:
        begun = time.monotonic()
        report, counted = play(target, drawing(cases), seed=1, drawn_only=True)
        more = alarms(report)
        workers = f"{counted['shifts']:,} with workers"
        drawn = f"{counted['programs']:,} programs, {counted['scenarios']:,} scenarios, {workers}"
        print(f"{target}: {drawn}, {len(more)} alarms, {time.monotonic() - begun:.0f} s", flush=True)
        found += more
    if shifts:
        begun = time.monotonic()
        report, counted = play(target, drawing(0, shifts=shifts), seed=1, rules=WORKER, drawn_only=True)
        more = alarms(report)
        spent = time.monotonic() - begun
        print(f"{target}: {counted['shifts']:,} shifts of workers, {len(more)} alarms, {spent:.0f} s", flush=True)
        found += more
    for alarm in found:
        print(f"  {alarm}", flush=True)
    yield from found


if __name__ == "__main__":
    sys.exit(main())
