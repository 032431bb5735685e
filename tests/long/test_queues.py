"""A public queue before the process tier: dramatiq, in an environment of its own, asked what it declares."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.reports import terminal
from jobkit_conformance.tiers.system import DECLARED, SystemRun
from jobkit_conformance.verdicts import Exit, Verdict
from tests.long.queues.with_dramatiq import Harness

pytestmark = pytest.mark.realtime

VERSION = "2.2.1"
"""Whatever a later one does is another finding."""


def installed(folder: Path) -> Path:
    """An environment with dramatiq and nothing of ours."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"dramatiq[redis]=={VERSION}"], check=True)
    return python


def test_dramatiq_is_asked_what_it_declares(tmp_path: Path) -> None:
    harness = Harness(installed(tmp_path / "dramatiq"))
    try:
        profile = replace(PROFILES["quick"], plays=1, shrinking=0.0)
        report = SystemRun(harness, profile, 1).run("dramatiq")
    finally:
        harness.close()
    shown = terminal.render(report, "dramatiq")
    print(shown)
    assert report.exit is not Exit.KIT_FAILED, shown
    verdicts = {id: finding.verdict for id, finding in report.findings.items()}
    assert (verdicts["E8"], verdicts["W1"], verdicts["R4"]) == (Verdict.KEPT,) * 3, shown
    undeclared = [id for id in verdicts if id not in DECLARED or id in ("W4", "T1", "O1", "D1")]
    assert {verdicts[id] for id in undeclared} == {Verdict.OUT_OF_SCOPE}, shown
