"""``jobkit conformance TARGET``: what a backend promises, and how it breaks the rest."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TextIO

from jobkit.errors import JobkitError
from jobkit_conformance import targets
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.program import Program, from_token
from jobkit_conformance.reports import document, terminal
from jobkit_conformance.runner import Run
from jobkit_conformance.verdicts import Exit

SEED = 1


def command(parser: argparse.ArgumentParser) -> None:
    """Describe the command to ``jobkit``."""
    parser.description = "Check a job backend against every rule of jobkit's contract."
    parser.epilog = (
        "exit codes: 0 conformant; 1 a rule is broken; 2 usage; 3 some rules could not be judged "
        "(0 with --allow-incomplete); 4 the kit itself failed"
    )
    parser.add_argument("target", help=f"{', '.join(targets.known())}, or module:Harness")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="quick", help="how much to try (quick)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of everything drawn ({SEED})")
    parser.add_argument("--rule", action="append", default=[], metavar="ID", help="only this rule; may be repeated")
    parser.add_argument("--replay", metavar="TOKEN", help="play one program that a report names")
    parser.add_argument("--url", help="the store to use, for harnesses that take one")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the report as JSON too")
    parser.add_argument("--allow-incomplete", action="store_true", help="exit 0 although some rules were not judged")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    try:
        rules = _rules(options.rule)
        program = from_token(options.replay) if options.replay else None
        harness = targets.find(options.target, options.url)
    except (targets.BadTarget, ValueError, JobkitError) as error:
        print(f"jobkit conformance: {error}", file=sys.stderr)
        return Exit.USAGE
    try:
        run = Run(harness, PROFILES[options.profile], options.seed, rules)
        if program is not None:
            return _replay(run, program, options.target)
        return _report(run, options, rules)
    finally:
        harness.close()


def _rules(asked: list[str]) -> frozenset[str]:
    unknown = [id for id in asked if id not in BY_ID]
    if unknown:
        raise ValueError(f"the catalogue has no rule {unknown[0]!r}; it begins with {', '.join(list(BY_ID)[:6])}, ...")
    return frozenset(asked)


def _report(run: Run, options: argparse.Namespace, rules: frozenset[str]) -> int:
    progress = _Progress(sys.stderr)
    report = run.run(options.target, progress.show)
    progress.clear()
    report.allow_incomplete = options.allow_incomplete or bool(rules)
    print(terminal.render(report, options.target, rules))
    if options.json:
        options.json.write_bytes(document.encode(report))
    return report.exit


def _replay(run: Run, program: Program, target: str) -> int:
    code, timeline, broken = run.replay(program, target)
    print(f"{code}\n\n{timeline}\n")
    if broken is None:
        print("this program breaks no rule here")
        return Exit.CONFORMANT
    print(f"{broken.rule} BROKEN: {broken.seen}")
    return Exit.BROKEN


class _Progress:
    """One line that is written over, where somebody watches."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = stream.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, words: str, share: float) -> None:
        if self._shown:
            self._stream.write(f"\r\x1b[2K{share:4.0%}  {words[:90]}")
            self._stream.flush()

    def clear(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[2K")
