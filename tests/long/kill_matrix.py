"""Runs every broken backend against its own rule, seed after seed, and writes down what it took to kill it.

    python tests/long/kill_matrix.py --profile quick --seeds 10 --page docs/kill-matrix.md

Only the rule that a backend breaks is asked, and nothing is shrunk. Each result is appended to a file of lines at once,
so that a run that was cut off goes on where it was. Exit code 1 when somebody survived too often.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402

import tests.broken  # noqa: E402
from jobkit_conformance.catalogue import BY_ID  # noqa: E402
from jobkit_conformance.profiles import PROFILES  # noqa: E402
from jobkit_conformance.runner import Run  # noqa: E402
from jobkit_conformance.verdicts import Verdict  # noqa: E402


class Trial(msgspec.Struct):
    """One broken backend, one seed."""

    name: str
    rule: str
    profile: str
    seed: int
    verdict: str
    cases: int
    seconds: float
    tier: str

    @property
    def killed(self) -> bool:
        return self.verdict == Verdict.BROKEN


class Line(NamedTuple):
    """What became of one broken backend, over its seeds."""

    name: str
    rule: str
    killed: int
    seeds: int
    cases: float
    seconds: float
    tier: str


def main() -> int:
    options = arguments()
    trials = {(trial.name, trial.seed): trial for trial in read(options.lines, options.profile)}
    for module in broken(options.only):
        for seed in range(1, options.seeds + 1):
            name = module.__name__.rpartition(".")[2]
            if (name, seed) not in trials:
                trial = trials[name, seed] = take(module, name, options.profile, seed)
                append(options.lines, trial)
                print(
                    f"{trial.name} {trial.seed}: {trial.verdict}, {trial.cases} cases, {trial.seconds:.2f} s",
                    flush=True,
                )
    wanted = [trial for trial in trials.values() if trial.seed <= options.seeds]
    lines = summed(wanted)
    if options.page:
        options.page.write_text(page(lines, options.profile, options.seeds))
    survivors = [line for line in lines if line.killed < line.seeds]
    share = sum(line.killed for line in lines) / sum(line.seeds for line in lines)
    print(f"{len(lines)} broken backends, {len(wanted)} trials, {share:.1%} killed by their own rule")
    for line in survivors:
        print(f"  {line.name} ({line.rule}) survived {line.seeds - line.killed} of {line.seeds}")
    return int(share < options.share)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill every broken backend by its own rule.")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="quick")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--share", type=float, default=1.0, help="of the trials that have to end with a kill (1)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this broken backend; repeatable")
    parser.add_argument("--lines", type=Path, default=Path("kill-matrix.jsonl"), help="where results are kept")
    parser.add_argument("--page", type=Path, help="where the table is written")
    return parser.parse_args()


def broken(only: Sequence[str]) -> Iterator[ModuleType]:
    """The broken backends, or those that were named."""
    for found in iter_modules(tests.broken.__path__):
        module = import_module(f"tests.broken.{found.name}")
        if hasattr(module, "RULE") and (not only or found.name in only):
            yield module


def take(module: ModuleType, name: str, profile: str, seed: int) -> Trial:
    """Ask one broken backend its own rule."""
    harness = module.Harness()
    begun = time.monotonic()
    try:
        run = Run(harness, replace(PROFILES[profile], shrinking=0.0), seed, frozenset({module.RULE}))
        finding = run.run(name).findings[module.RULE]
    finally:
        harness.close()
    tier = finding.failure.tier.partition(" (")[0] if finding.failure is not None else ""
    seconds = time.monotonic() - begun
    return Trial(name, module.RULE, profile, seed, finding.verdict.value, finding.cases, seconds, tier)


def read(path: Path, profile: str) -> Iterator[Trial]:
    if path.exists():
        for line in path.read_text().splitlines():
            trial = msgspec.convert(json.loads(line), Trial)
            if trial.profile == profile:
                yield trial


def append(path: Path, trial: Trial) -> None:
    with path.open("a") as file:
        file.write(msgspec.json.encode(trial).decode() + "\n")


def summed(trials: Sequence[Trial]) -> list[Line]:
    """A line a broken backend, in the order of the rules."""
    found: Mapping[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        found[trial.name].append(trial)
    places = {id: place for place, id in enumerate(BY_ID)}
    lines = [
        Line(
            name,
            of[0].rule,
            sum(trial.killed for trial in of),
            len(of),
            statistics.median(trial.cases for trial in of),
            statistics.median(trial.seconds for trial in of),
            " · ".join(sorted({trial.tier for trial in of if trial.tier})),
        )
        for name, of in found.items()
    ]
    return sorted(lines, key=lambda line: (places[line.rule], line.name))


def page(lines: Sequence[Line], profile: str, seeds: int) -> str:
    share = sum(line.killed for line in lines) / sum(line.seeds for line in lines)
    head = [
        "# The kill matrix",
        "",
        f"Every broken backend of `tests/broken/` against the rule that it breaks, under `{profile}`, {seeds} seeds.",
        f"Of {sum(line.seeds for line in lines)} trials {share:.1%} ended with a kill by that rule.",
        "",
        "Cases and seconds are medians, the preflight included. What no example kills is drawn: by a machine, or by",
        "the simulation of clients. Made by `python tests/long/kill_matrix.py --page docs/kill-matrix.md`.",
        "",
        "| rule | broken backend | killed | cases | seconds | by |",
        "|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {line.rule} | [{line.name}](../tests/broken/{line.name}.py) | {line.killed}/{line.seeds} | {line.cases:g} |"
        f" {line.seconds:.2f} | {line.tier} |"
        for line in lines
    ]
    return "\n".join([*head, *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
