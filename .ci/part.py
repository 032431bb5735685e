#!/usr/bin/env python3
"""Run one part of CI, judge its failed tests, and print the processor time that it took.

    part.py NAME --tests PYTEST -- COMMAND...    run COMMAND; failed tests are run again by the program PYTEST
    part.py NAME -- COMMAND...                   run COMMAND, which has to exit with 0
    part.py --summary                            print the noisy tests and the processor times of all parts

A failed test decides at once, unless it has the marker ``realtime``. Such a test is run twice more, alone. It is noisy
if it passes both times and has not the marker ``invariant``. A noisy test fails CI only if `KNOWN` lists it, or if more
than `MOST_NOISY` tests are noisy. Outputs, and what is remembered between parts, are in the folder $CI_REPORTS.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).parent

MOST_NOISY = 2
"""The most noisy tests that one run of CI may have."""

RERUNS = 2
"""Runs of a failed test, alone, after its failure."""

GROWTH = 1.5
"""A part fails when its processor time exceeds the recorded one by this factor."""

KNOWN = HERE / "known-noisy.txt"
"""Ids of tests whose cause is known and not yet repaired, one a line. A ``#`` begins a comment."""

RECORDED = HERE / "processor-time.json"
"""The processor time of each part, in turns of the fixed loop."""


@dataclass(frozen=True)
class Failed:
    """A failed test as its junit file tells it."""

    id: str
    markers: frozenset[str]
    output: str


def failed_tests(junit: str) -> list[Failed]:
    """Return the failed tests of a junit file, in order. A test whose call and teardown both fail comes once."""
    found: dict[str, Failed] = {}
    for case in ET.fromstring(junit).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        trouble = [*case.iter("failure"), *case.iter("error")]
        if not trouble:
            continue
        stated = [(each.get("name"), each.get("value") or "") for each in case.iter("property")]
        id = next((value for name, value in stated if name == "id"), f"{case.get('classname')}::{case.get('name')}")
        markers = frozenset(value for name, value in stated if name == "marker")
        output = "\n".join(each.text or each.get("message") or "" for each in (*trouble, *case.iter("system-out")))
        found.setdefault(id, Failed(id, markers, output))
    return list(found.values())


def decisive(failed: Iterable[Failed]) -> list[str]:
    """Return why CI fails without another run: one line a failed test that has not the marker ``realtime``."""
    return [f"{each.id} failed" for each in failed if "realtime" not in each.markers]


def judge(test: Failed, passed: Sequence[bool], known: frozenset[str]) -> str:
    """Return why a failed ``realtime`` test fails CI, or an empty string if it is only noisy."""
    if not all(passed):
        return f"{test.id} failed, and again when it was run alone"
    if "invariant" in test.markers:
        return f"{test.id} failed once: it has the marker invariant, so once is enough"
    if test.id in known:
        return f"{test.id} failed once: {KNOWN.name} lists it, so its cause has to be repaired"
    return ""


def listed(text: str) -> frozenset[str]:
    """Return the ids in the text of `KNOWN`."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)


def grown(turns: Mapping[str, float], recorded: Mapping[str, float]) -> list[str]:
    """Return a line for each part that takes more than `GROWTH` times its recorded processor time."""
    return [
        f"{name} took {found:,.0f} turns of the fixed loop; {recorded[name]:,.0f} are recorded in {RECORDED.name}"
        for name, found in turns.items()
        if name in recorded and found > GROWTH * recorded[name]
    ]


def fixed_loop() -> float:
    """Return the seconds of processor time of one turn of a loop that never changes, the least of five."""

    def turn() -> float:
        began = time.process_time()
        total = 0
        for number in range(200_000):
            total += number % 7
        return time.process_time() - began

    return min(turn() for _ in range(5))


def processor_time() -> float:
    """Return the seconds of processor time of all ended processes that this one, or one of them, waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Reports:
    """The folder in which parts leave their outputs, and what later parts need to know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._noisy = folder / "noisy.json"
        self._turns = folder / "turns.json"
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def noisy(self) -> list[str]:
        return json.loads(self._noisy.read_text()) if self._noisy.exists() else []

    @property
    def turns(self) -> dict[str, float]:
        return json.loads(self._turns.read_text()) if self._turns.exists() else {}

    def add_noisy(self, ids: Sequence[str]) -> None:
        self._noisy.write_text(json.dumps([*self.noisy, *ids]))

    def add_turns(self, part: str, turns: float) -> None:
        self._turns.write_text(json.dumps({**self.turns, part: turns}))


def run_part(name: str, command: Sequence[str], tests: str | None, reports: Reports) -> list[str]:
    """Run a part. Return why CI fails, one line a reason, or an empty list if CI goes on."""
    junit = reports.folder / f"{name}.xml"
    junit.unlink(missing_ok=True)
    environment = {**os.environ, "PYTEST_ADDOPTS": f"{os.environ.get('PYTEST_ADDOPTS', '')} --junitxml={junit}"}
    unit, began, used = fixed_loop(), time.monotonic(), processor_time()
    code = subprocess.run(command, check=False, env=environment if tests else None, stdin=subprocess.DEVNULL).returncode
    turns = (processor_time() - used) / ((unit + fixed_loop()) / 2)
    reports.add_turns(name, turns)
    print(f"== {name}: {time.monotonic() - began:.0f} s, {turns:,.0f} turns of the fixed loop", flush=True)
    if code == 0:
        return []
    if tests is None or code not in (1, 2) or not junit.exists():
        return [f"{name} exited with {code}"]
    failed = failed_tests(junit.read_text("utf-8"))
    if not failed:
        return [f"{name} exited with {code}, and {junit.name} tells of no failed test"]
    return decisive(failed) or run_again(name, failed, tests, reports)


def run_again(name: str, failed: Sequence[Failed], tests: str, reports: Reports) -> list[str]:
    """Run failed tests again, each alone, and print all outputs. Return why CI fails."""
    known = listed(KNOWN.read_text("utf-8")) if KNOWN.exists() else frozenset[str]()
    reasons: list[str] = []
    noisy: list[str] = []
    for place, test in enumerate(failed):
        show(f"{test.id} failed in {name}", test.output)
        passed: list[bool] = []
        for turn in range(1, RERUNS + 1):
            again = [tests, "-p", "no:cacheprovider", test.id]
            ended = subprocess.run(again, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            passed.append(ended.returncode == 0)
            reports.folder.joinpath(f"{name}-{place}-again-{turn}.txt").write_text(ended.stdout)
            show(f"{test.id}, alone, run {turn} of {RERUNS}: exit {ended.returncode}", ended.stdout)
        if reason := judge(test, passed, known):
            reasons.append(reason)
        else:
            noisy.append(test.id)
    reports.add_noisy(noisy)
    if len(reports.noisy) > MOST_NOISY:
        reasons.append(f"{len(reports.noisy)} tests are noisy, more than {MOST_NOISY}: {', '.join(reports.noisy)}")
    return reasons


def show(title: str, output: str) -> None:
    print(f"\n--- {title}\n{output.rstrip()}\n---", flush=True)


def summarize(reports: Reports) -> list[str]:
    """Print the noisy tests and the processor times. Return a line for each part that takes too much."""
    recorded: dict[str, float] = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    print("\n== processor time, in turns of the fixed loop")
    for name, turns in reports.turns.items():
        beside = f"  ({turns / recorded[name]:.2f} of the recorded {recorded[name]:,.0f})" if name in recorded else ""
        print(f"{name:12} {turns:10,.0f}{beside}")
    print("== noisy tests: " + (", ".join(reports.noisy) or "none"))
    return grown(reports.turns, recorded)


def main(arguments: Sequence[str]) -> int:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    command = arguments[at + 1 :]
    parser = argparse.ArgumentParser(description="Run one part of CI and judge its failed tests.")
    parser.usage = "part.py NAME [--tests PYTEST] -- COMMAND... | part.py --summary"
    parser.add_argument("name", nargs="?", help="the part's name")
    parser.add_argument("--tests", metavar="PYTEST", help="the program that runs one of the part's tests again")
    parser.add_argument("--summary", action="store_true", help="print noisy tests and processor times of all parts")
    stated = parser.parse_args(arguments[:at])
    if stated.summary == bool(stated.name and command):
        parser.error("state either --summary, or a name and a command after --")
    reports = Reports(Path(os.environ["CI_REPORTS"]))
    reasons = summarize(reports) if stated.summary else run_part(stated.name, command, stated.tests, reports)
    for reason in reasons:
        print(f"CI fails: {reason}", flush=True)
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
