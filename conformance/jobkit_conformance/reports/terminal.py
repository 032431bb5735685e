"""A report as a terminal shows it: short when all is well, and enough to find the fault when it is not."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from jobkit.backend import Capabilities
from jobkit_conformance.catalogue import CONTRACT, FAMILIES
from jobkit_conformance.reports.failures import failures
from jobkit_conformance.reports.report import Finding, Report
from jobkit_conformance.reports.text import GLYPHS, WIDTH, wrapped
from jobkit_conformance.verdicts import OPEN, Verdict

MOST_LABELS: Final = 12


def render(report: Report, target: str, asked: frozenset[str] = frozenset()) -> str:
    """The whole report; with ``asked``, of those rules only."""
    findings = [finding for id, finding in report.findings.items() if not asked or id in asked]
    lines = _head(report)
    if report.unsound:
        return "\n".join([*lines, "", *_unsound(report), "", f"{report.headline}: no rule was judged"])
    if asked:
        lines += ["", *_asked(findings)]
    else:
        lines += ["", *_families(findings), *_beside(report), "", *_claims(report), *_exercised(findings)]
    lines += failures(findings, target)
    lines += _open(findings) if not asked else []
    lines += _waived(report, findings)
    return "\n".join([*lines, "", _verdict(report, findings, some=bool(asked))])


def _head(report: Report) -> list[str]:
    waived = report.counted[Verdict.WAIVED]
    beside = f", {waived} {'rules' if waived > 1 else 'rule'} waived" if waived else ""
    return [
        f"jobkit conformance, contract {CONTRACT}: {report.backend}{beside}",
        f"clock {report.clock} · profile {report.profile} · seed {report.seed}",
    ]


def _unsound(report: Report) -> Iterator[str]:
    yield "The harness is not sound, so nothing can be said of the backend."
    for line in report.unsound.splitlines():
        yield from wrapped(line, "  ")


def _families(findings: Iterable[Finding]) -> Iterator[str]:
    by_family: dict[str, list[Finding]] = {}
    for finding in findings:
        by_family.setdefault(finding.rule.family, []).append(finding)
    for family, members in by_family.items():
        counted = Counter(finding.verdict for finding in members)
        kept = f"{counted.pop(Verdict.KEPT, 0)}/{len(members)}"
        rest = ", ".join(f"{count} {GLYPHS[verdict]}" for verdict, count in counted.items())
        broken = [finding.rule.id for finding in members if finding.verdict is Verdict.BROKEN]
        named = f" ({', '.join(broken)})" if broken else ""
        yield f" {family}  {FAMILIES[family]:<26} {kept:>6}  {rest}{named}".rstrip()


def _beside(report: Report) -> Iterator[str]:
    if not report.worker_counts:
        yield "    W judges jobkit's worker over this backend: shown beside the verdict, no part of it"


def _claims(report: Report) -> Iterator[str]:
    if report.capabilities is not None:
        yield from wrapped(f"claims: {', '.join(_named(report.capabilities)) or 'nothing'}", " ", "   ")
    for name in report.accepted_unclaimed:
        yield f" NOT REFUSED: {name} is not claimed, and was accepted"


def _named(claims: Capabilities) -> Iterator[str]:
    for name in ("delay", "priority", "keys", "remember", "dead_letters", "cancel", "inspect", "wait"):
        if name == "priority" and claims.priority:
            yield f"priority {claims.priority[0]}-{claims.priority[1]}"
        elif name != "priority" and getattr(claims, name):
            yield name
    yield from (
        name for name in ("pause", "checkpoints", "cells", "results", "fifo", "shared") if getattr(claims, name)
    )
    if claims.durable:
        yield f"durable ({claims.durable})"


def _exercised(findings: Iterable[Finding]) -> Iterator[str]:
    coverage: Counter[str] = Counter()
    for finding in findings:
        for name, count in finding.coverage.items():
            coverage[name] = max(coverage[name], count)
    reached = [(name, count) for name, count in coverage.most_common() if count]
    if reached:
        text = " · ".join(f"{count:,} {name}" for name, count in reached[:MOST_LABELS])
        more = f" · {len(reached) - MOST_LABELS} more labels" if len(reached) > MOST_LABELS else ""
        yield from wrapped(f"exercised: {text}{more}", " ", "   ")


def _asked(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        if finding.verdict in (Verdict.BROKEN, Verdict.ERROR):
            continue  # in full below
        cases = f", {finding.cases} {'plays' if finding.cases > 1 else 'play'}" if finding.cases else ""
        yield f"{finding.rule.id} {GLYPHS[finding.verdict]}{cases}{f': {finding.note}' if finding.note else ''}"
        yield from wrapped(finding.rule.sentence, "  ")
        if finding.coverage:
            yield from wrapped(" · ".join(f"{count:,} {name}" for name, count in finding.coverage.items()), "  ")


def _open(findings: Iterable[Finding]) -> Iterator[str]:
    """What keeps the run from being complete: by verdict, and those with the same reason together."""
    left: dict[tuple[Verdict, str], list[str]] = {}
    for finding in findings:
        if finding.verdict in OPEN:
            left.setdefault((finding.verdict, finding.note), []).append(finding.rule.id)
    if left:
        yield ""
    for (verdict, note), ids in left.items():
        reason = f": {note}" if note else ""
        text = textwrap.shorten(f"{GLYPHS[verdict]}: {', '.join(ids)}{reason}", 4 * WIDTH, placeholder=" ...")
        yield from wrapped(text, " ", "   ")


def _waived(report: Report, findings: Iterable[Finding]) -> list[str]:
    """What is broken by agreement, and what became of the other waivers."""
    lines: list[str] = []
    for finding in findings:
        if finding.waiver is not None:
            text = f"waived: {finding.rule.id} until {finding.waiver.until}: {finding.waiver.reason}"
            lines += wrapped(text, " ", "   ")
            lines += wrapped(f"seen: {_first(finding)}", "   ", "     ")
    for remark in report.remarks:
        lines += wrapped(f"note: {remark}", " ", "   ")
    return ["", *lines] if lines else []


def _first(finding: Finding) -> str:
    seen = finding.failure.seen.splitlines() if finding.failure else []
    return seen[0] if seen else finding.note


def _verdict(report: Report, findings: list[Finding], *, some: bool) -> str:
    counted = Counter(finding.verdict for finding in findings)
    parts = ", ".join(f"{counted[verdict]} {GLYPHS[verdict]}" for verdict in Verdict if counted[verdict])
    if some:
        return f"{len(findings)} of {len(report.findings)} rules asked for: {parts}, in {report.seconds:.1f} s"
    return f"{report.headline}: {len(findings)} rules, {parts}, in {report.seconds:.1f} s"
