"""Runs every broken backend against its own rule, seed after seed, and writes down what it took to kill it.

    python tests/long/kill_matrix.py --profile quick --seeds 10
    python tests/long/kill_matrix.py --profile ci --seeds 10 --collateral --page docs/kill-matrix.md

Only the rule that a backend breaks is asked, and nothing is shrunk. With ``--collateral`` each is also asked every
rule once, under ``quick``: which others it breaks. The page has all profiles that were run. Each result is appended to
a file of lines at once, so that a run that was cut off goes on where it was. Exit code 1 when somebody survived too
often.
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
from multiprocessing import get_context
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Final, NamedTuple

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
    others: list[str] = []
    """The other rules that it breaks; known where every rule was asked."""

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


ALL: Final = "every rule"
"""Stands where a profile does, of trials that ask every rule."""
TOGETHER: Final = 5
"""Trials in one process: broken workers that no stop ends go on in their threads, and take more each time."""


def main() -> int:
    options = arguments()
    names = [module.__name__.rpartition(".")[2] for module in broken(options.only)]
    asked = [(name, options.profile, seed) for name in names for seed in range(1, options.seeds + 1)]
    asked += [(name, ALL, 1) for name in names if options.collateral]
    done = {(trial.name, trial.profile, trial.seed): trial for trial in read(options.lines)}
    left = [each for each in asked if each not in done]
    with get_context("spawn").Pool(options.jobs, maxtasksperchild=TOGETHER) as pool:
        for found in pool.imap_unordered(_take, left):
            done[found.name, found.profile, found.seed] = found
            append(options.lines, found)
            print(_line(found), flush=True)
    trials = [done[each] for each in asked if each[1] == options.profile]
    aside = {trial.name: trial for trial in done.values() if trial.profile == ALL}
    lines = summed(trials)
    if options.page:
        runs = {profile: summed([trial for trial in done.values() if trial.profile == profile]) for profile in PROFILES}
        options.page.write_text(page({profile: of for profile, of in runs.items() if of}, aside))
    survivors = [line for line in lines if line.killed < line.seeds]
    share = sum(line.killed for line in lines) / sum(line.seeds for line in lines)
    print(f"{len(lines)} broken backends, {len(trials)} trials, {share:.1%} killed by their own rule")
    for line in survivors:
        print(f"  {line.name} ({line.rule}) survived {line.seeds - line.killed} of {line.seeds}")
    return int(share < options.share)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill every broken backend by its own rule.")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="quick")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--share", type=float, default=1.0, help="of the trials that have to end with a kill (1)")
    parser.add_argument("--collateral", action="store_true", help="ask each every rule too, once, under quick")
    parser.add_argument("--jobs", type=int, default=4, help="trials at once: many only wait (4)")
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


def _take(what: tuple[str, str, int]) -> Trial:
    return take(*what)


def take(name: str, profile: str, seed: int) -> Trial:
    """Ask one broken backend its own rule; or every rule, and no search stops where its own is broken."""
    module = import_module(f"tests.broken.{name}")
    harness = module.Harness()
    own, begun = module.RULE, time.monotonic()
    try:
        rules = frozenset() if profile == ALL else frozenset({own})
        run = Run(harness, replace(PROFILES.get(profile, PROFILES["quick"]), shrinking=0.0), seed, rules)
        run.expect(frozenset({own}) if profile == ALL else frozenset())
        findings = run.run(name).findings
    finally:
        harness.close()
    finding = findings[own]
    tier = finding.failure.tier.partition(" (")[0] if finding.failure is not None else ""
    others = [id for id, of in findings.items() if of.verdict is Verdict.BROKEN and id != own]
    seconds = time.monotonic() - begun
    return Trial(name, own, profile, seed, finding.verdict.value, finding.cases, seconds, tier, others)


def _line(trial: Trial) -> str:
    if trial.profile == ALL:
        return f"{trial.name}: also {', '.join(trial.others) or 'nothing'}, {trial.seconds:.0f} s"
    return f"{trial.name} {trial.seed}: {trial.verdict}, {trial.cases} cases, {trial.seconds:.2f} s"


def read(path: Path) -> Iterator[Trial]:
    if path.exists():
        for line in path.read_text().splitlines():
            yield msgspec.convert(json.loads(line), Trial)


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


def page(runs: Mapping[str, Sequence[Line]], aside: Mapping[str, Trial]) -> str:
    """Every profile that was run, a column each; what is told of cases and tiers is the first one's."""
    head = [
        "# The kill matrix",
        "",
        "Every broken backend, worker, and coder of `tests/broken/` against the rule that it breaks: in how many runs,",
        "each with a seed of its own, that rule was found broken.",
        "",
        *(f"- `{profile}`: {_told(lines)}" for profile, lines in runs.items()),
        "",
        f"Cases and seconds are medians of `{next(iter(runs))}`, the preflight included. What no example kills is",
        "drawn: by a machine, or by the simulation of clients or workers; or it takes a proxy, or processes. *Also*",
        "are other rules that a run of all of them found broken. Made by `tests/long/kill_matrix.py`.",
        "",
        f"| rule | broken | {' | '.join(f'`{profile}`' for profile in runs)} | cases | seconds | by | also |",
        f"|---|---|{'---|' * len(runs)}---|---|---|---|",
    ]
    by_name = {profile: {line.name: line for line in lines} for profile, lines in runs.items()}
    rows = [_row(line, [of.get(line.name) for of in by_name.values()], aside) for line in next(iter(runs.values()))]
    return "\n".join([*head, *rows, ""])


def _told(lines: Sequence[Line]) -> str:
    killed, trials = sum(line.killed for line in lines), sum(line.seeds for line in lines)
    return f"{len(lines)} broken, {trials:,} runs, {killed / trials:.1%} killed by their own rule"


def _row(line: Line, each: Sequence[Line | None], aside: Mapping[str, Trial]) -> str:
    killed = " | ".join(f"{of.killed}/{of.seeds}" if of is not None else "" for of in each)
    also = " ".join(aside[line.name].others) if line.name in aside else ""
    return (
        f"| {line.rule} | [{line.name}](../tests/broken/{line.name}.py) | {killed} | {line.cases:g} |"
        f" {line.seconds:.2f} | {line.tier} | {also} |"
    )


if __name__ == "__main__":
    sys.exit(main())
