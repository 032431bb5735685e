"""A minute of faults, on eight workers: nothing is lost, and nothing is performed while another worker holds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


def test_a_minute_of_everything(tmp_path: Path) -> None:
    script, plot = Path(__file__).with_name("soak.py"), tmp_path / "soak.svg"
    ended = subprocess.run([sys.executable, script, "--plot", plot], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("15,000 jobs, 8 workers")
    assert len(ET.parse(plot).getroot()) > 10  # noqa: S314  (written by ourselves)
