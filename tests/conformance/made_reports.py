"""Reports without a run: every rule as it is stated, for tests of what is made of reports."""

from __future__ import annotations

from typing import Any

from jobkit_conformance.render.timeline_data import TimelineData, TimelineStep
from jobkit_conformance.reports.json_report import Document, document
from jobkit_conformance.reports.report import Failure, Report, blank
from jobkit_conformance.verdicts import Verdict


def report(
    otherwise: Verdict = Verdict.KEPT, /, *, verdicts: dict[str, Verdict] | None = None, **stated: Any
) -> Report:
    """All rules end in one verdict, but for those stated; a broken one has a program of one step."""
    findings = blank()
    for id, finding in findings.items():
        finding.verdict = (verdicts or {}).get(id, otherwise)
        finding.cases = 1 if finding.verdict is not Verdict.NOT_RUN else 0
        if finding.verdict is Verdict.BROKEN:
            finding.failure = failure()
    fields = {"target": "mine", "backend": "mine 1.0", "capabilities": None, "clock": "frozen", "profile": "quick"}
    return Report(**{**fields, "seed": 1, "findings": findings, **stated})


def made(otherwise: Verdict = Verdict.KEPT, /, **stated: Any) -> Document:
    """The same as a document."""
    return document(report(otherwise, **stated))


def failure(steps: int = 1) -> Failure:
    story = TimelineData([TimelineStep("call", 0, "c1", "get", "a", "ready") for _ in range(steps)], [])
    return Failure(f"seen in {steps} steps", "a machine", "program", "timeline", "--seed 1", story, "get")
