"""What is broken, as a terminal shows it: in full what stands for itself, in a line what likely follows from it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from jobkit_conformance.reports.report import Failure, Finding
from jobkit_conformance.reports.text import GLYPHS, WIDTH, wrapped
from jobkit_conformance.verdicts import Verdict

MOST: Final = 3
"""Failures that are shown in full."""


def failures(findings: Iterable[Finding], target: str) -> list[str]:
    """A block for each failure that stands for itself, the likely followers beneath it."""
    groups = _grouped([finding for finding in findings if finding.verdict in (Verdict.BROKEN, Verdict.ERROR)])
    lines: list[str] = []
    for place, (leader, *followers) in enumerate(groups):
        if place < MOST:
            lines += ["", *_block(leader, target)]
        else:
            lines += ["", *_line(leader, target)]
        if followers:
            lines += ["", "  also broken, and likely by the same fault, since it shows in the same verb:"]
            for follower in followers:
                lines += [f"  {line}" for line in _line(follower, target)]
    return lines


def _grouped(failed: list[Finding]) -> list[list[Finding]]:
    """Failures by the verb in which they show, in each group the shortest program first."""
    groups: dict[str, list[Finding]] = {}
    for finding in failed:
        verb = finding.failure.shows_in if finding.failure else ""
        group = "worker" if finding.rule.judges_worker else verb or finding.rule.id
        groups.setdefault(group, []).append(finding)
    sorted_groups = [sorted(group, key=_weight) for group in groups.values()]
    return sorted(sorted_groups, key=lambda group: _weight(group[0]))


def _weight(finding: Finding) -> tuple[bool, int]:
    """The backend before the worker over it, short programs before long ones."""
    failure = finding.failure
    steps = len(failure.timeline.splitlines()) if failure and failure.timeline else 10_000
    return finding.rule.judges_worker, steps


def _block(finding: Finding, target: str) -> Iterator[str]:
    rule, failure = finding.rule, finding.failure
    yield f"{rule.id} {GLYPHS[finding.verdict]}"
    yield from wrapped(rule.sentence, "  ")
    if failure is None:
        yield from wrapped(finding.note, "  ")
        return
    yield ""
    for place, line in enumerate(failure.seen.splitlines()):
        yield from wrapped(line, "  seen: " if not place else "    ", "    ")
    yield from wrapped(f"by: {failure.tier}", "  ", "    ")
    if rule.look:
        yield from wrapped(f"look at: {rule.look}", "  ", "    ")
    if rule.bugs:
        yield from wrapped(f"as in: {', '.join(rule.bugs)}", "  ", "    ")
    yield from _steps(failure)
    if failure.replay:
        yield ""
        yield f"  again: jobkit conformance {target} {failure.replay}"


def _steps(failure: Failure) -> Iterator[str]:
    for text in (failure.timeline, failure.program):
        if text:
            yield ""
            yield from (f"    {line}" if line else "" for line in text.splitlines())


def _line(finding: Finding, target: str) -> Iterator[str]:
    seen = finding.failure.seen.splitlines()[0] if finding.failure else finding.note
    word = "" if finding.verdict is Verdict.BROKEN else f"{GLYPHS[finding.verdict]} "
    yield f"{finding.rule.id} {word}" + textwrap.shorten(seen, WIDTH - 12, placeholder=" ...")
    if finding.failure and finding.failure.replay:
        yield f"  jobkit conformance {target} {finding.failure.replay}"
