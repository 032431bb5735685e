"""``jobkit conformance TARGET``: what a backend promises, and how it breaks the rest."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jobkit.errors import JobkitError
from jobkit_conformance import scenario, targets
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.cli.write_reports import write
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.network import case, worker_case
from jobkit_conformance.operations import from_token
from jobkit_conformance.processes import plan
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.system import SystemHarness
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.reports import terminal, waivers
from jobkit_conformance.reports.json_report import document
from jobkit_conformance.reports.progress import Progress
from jobkit_conformance.reports.waivers import Waiver
from jobkit_conformance.runner import Recorded, Run
from jobkit_conformance.tiers.system import SystemRun
from jobkit_conformance.verdicts import Exit

SEED: Final = 1

TARGET: Final = f"{', '.join(targets.known())}, or module:Harness"


def options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The options of a run."""
    return [
        parser.add_argument("--profile", choices=sorted(PROFILES), default="quick", help="how much to try (quick)"),
        parser.add_argument("--seed", type=int, default=SEED, help=f"of everything drawn ({SEED})"),
        parser.add_argument("--rule", action="append", default=[], metavar="ID", help="only this rule; repeatable"),
        parser.add_argument("--replay", metavar="TOKEN", help="play one program that a report names"),
        parser.add_argument("--url", help="the store to use, for harnesses that take one"),
        parser.add_argument("--waivers", type=Path, metavar="FILE", help="rules known to be broken, as TOML"),
        parser.add_argument("--json", type=Path, metavar="PATH", help="write the report as JSON too"),
        parser.add_argument("--html", type=Path, metavar="PATH", help="write the report as a page too"),
        parser.add_argument(
            "--allow-incomplete", action="store_true", help="exit 0 although some rules were not judged"
        ),
    ]


def run(options: argparse.Namespace) -> int:
    """Play it, print what was found, and answer with the exit code."""
    try:
        rules = _rules(options.rule)
        program = _program(options.replay) if options.replay else None
        waived = waivers.load(options.waivers) if options.waivers else []
        harness = targets.find_any(options.target, options.url)
        _check_replay(program, harness)
    except (targets.BadTarget, ValueError, JobkitError) as error:
        print(f"jobkit conformance: {error}", file=sys.stderr)
        return Exit.USAGE
    try:
        kind = SystemRun if isinstance(harness, SystemHarness) else Run
        run: Any = kind(harness, PROFILES[options.profile], options.seed, rules)  # type: ignore[arg-type]
        if program is not None:
            return _replay(run, program, options.target)
        return _report(run, options, rules, waived)
    finally:
        harness.close()


def _check_replay(program: Recorded | None, harness: BackendHarness | SystemHarness) -> None:
    if isinstance(harness, SystemHarness) and program is not None and not isinstance(program, Plan):
        raise ValueError("this replay token is a program for a backend of jobkit's, and the target is another queue")


def _rules(asked: list[str]) -> frozenset[str]:
    unknown = [id for id in asked if id not in BY_ID]
    if unknown:
        raise ValueError(f"the catalogue has no rule {unknown[0]!r}; it begins with {', '.join(list(BY_ID)[:6])}, ...")
    return frozenset(asked)


def _report(run: Run | SystemRun, options: argparse.Namespace, rules: frozenset[str], waived: Sequence[Waiver]) -> int:
    run.expect(frozenset(waiver.rule for waiver in waived))
    with Progress(sys.stderr) as progress:
        report = run.run(options.target, progress.show)
    report.allow_incomplete = options.allow_incomplete
    waivers.apply(report, waived, dt.datetime.now(dt.UTC).date())
    print(terminal.render(report, options.target, rules))
    write(document(report), json=options.json, html=options.html)
    return report.exit


def _program(word: str) -> Recorded:
    if word.startswith(plan.PREFIX):
        return plan.from_token(word)
    if word.startswith(case.PREFIX):
        return case.from_token(word)
    if word.startswith(worker_case.PREFIX):
        return worker_case.from_token(word)
    return scenario.from_token(word) if word.startswith(scenario.PREFIX) else from_token(word)


def _replay(run: Run, program: Recorded, target: str) -> int:
    code, timeline, broken = run.replay(program, target)
    print(f"{code}\n\n{timeline}\n")
    if broken is None:
        print("this program breaks no rule here")
        return Exit.CONFORMANT
    print(f"{broken.rule} BROKEN: {broken.observed}")
    return Exit.BROKEN
