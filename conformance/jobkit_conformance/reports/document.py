"""A report as JSON: a fixed shape, every rule in it, and a footer without which it is not whole."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import Any, Final

import msgspec

from jobkit_conformance.catalogue import CONTRACT, RULES
from jobkit_conformance.report import Finding, Report

SCHEMA: Final = "jobkit-conformance-1"


def document(report: Report) -> dict[str, Any]:
    """The report as plain values, in the catalogue's order."""
    return {
        "schema": SCHEMA,
        "kit": version("jobkit-core"),
        "contract": CONTRACT,
        "manifest": manifest(),
        "target": report.target,
        "backend": report.backend,
        "capabilities": msgspec.json.decode(msgspec.json.encode(report.capabilities)),
        "clock": report.clock,
        "profile": report.profile,
        "seed": report.seed,
        "rules": [_rule(finding) for finding in report.findings.values()],
        "footer": {
            "complete": report.complete,
            "verdict": report.headline.lower().replace(" ", "_"),
            "exit": int(report.exit),
            "accepted_unclaimed": list(report.accepted_unclaimed),
            "unsound": report.unsound,
            "seconds": round(report.seconds, 3),
        },
    }


def manifest() -> str:
    """A digest of the catalogue: two reports with the same one were asked the same questions."""
    text = "\n".join(f"{rule.id} {rule.sentence} {' '.join(rule.needs)}" for rule in RULES)
    return hashlib.sha256(text.encode()).hexdigest()


def encode(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document(report)), indent=1) + b"\n"


def _rule(finding: Finding) -> dict[str, Any]:
    failure = finding.failure
    return {
        "id": finding.rule.id,
        "verdict": finding.verdict.value,
        "needs": list(finding.rule.needs),
        "cases": finding.cases,
        "seconds": round(finding.seconds, 3),
        "situations": dict(sorted(finding.situations.items())),
        "note": finding.note,
        "seen": failure.seen if failure else None,
        "program": failure.program if failure else None,
        "replay": failure.replay if failure else None,
    }
