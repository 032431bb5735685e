"""What all that was played so far says of each rule."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from jobkit_conformance.catalogue import UNCHECKED
from jobkit_conformance.check_runner import traceback_lines
from jobkit_conformance.reports.report import Failure, Finding, blank
from jobkit_conformance.verdicts import Verdict, together


class Results:
    """Findings and verdicts. ``asked``: the rules that are asked for; none means all."""

    def __init__(self, asked: frozenset[str] = frozenset()) -> None:
        self.asked = asked
        self.known: frozenset[str] = frozenset()
        """Rules that are known to be broken: no search stops where one of them is."""
        self.findings = blank()
        self._verdicts: dict[str, list[Verdict]] = {}

    def wanted(self, id: str) -> bool:
        return not self.asked or id in self.asked

    @property
    def target_rules(self) -> frozenset[str]:
        """The rules whose breaks end a search."""
        return (self.asked or frozenset(self.findings)) - self.known

    def is_broken(self, id: str) -> bool:
        return Verdict.BROKEN in self._verdicts.get(id, ())

    def are_settled(self, ids: Iterable[str]) -> bool:
        """Whether nothing is left to search for: of a few rules that are asked for, all are known to be broken."""
        return bool(self.asked) and all(self.is_broken(id) for id in ids if self.wanted(id))

    def record(self, id: str, verdict: Verdict) -> None:
        """What one tier says of a rule."""
        self._verdicts.setdefault(id, []).append(verdict)

    def count(self, finding: Finding, cases: int, begun: float, share: int = 1) -> None:
        """Count what was played since an instant for this rule, and for ``share`` rules in all."""
        finding.cases += cases
        finding.seconds += (time.monotonic() - begun) / share

    def broken(self, id: str, failure: Failure) -> None:
        """A rule is broken, and how; of several ways the first is kept."""
        self.record(id, Verdict.BROKEN)
        finding = self.findings[id]
        finding.failure = finding.failure or failure

    def failed(self, findings: Collection[Finding], tier: str, error: Exception) -> None:
        """The kit or the harness failed, so nothing can be said of these."""
        for finding in findings:
            finding.failure = finding.failure or Failure(
                f"raised {type(error).__name__}: {error}\n{traceback_lines(error)}", tier
            )
            self.record(finding.rule.id, Verdict.ERROR)

    def finding(self, id: str) -> Finding:
        """What is said of a rule in all."""
        finding = self.findings[id]
        finding.verdict = together(self._verdicts.get(id, ()))
        if finding.verdict is Verdict.NOT_RUN and id in UNCHECKED:
            finding.note = UNCHECKED[id]
        return finding
