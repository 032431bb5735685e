"""Workers that are killed lose nothing, and nothing is performed while another worker holds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_ten_kills_on_the_way_through_ten_thousand_jobs() -> None:
    script = Path(__file__).with_name("kill_loop.py")
    ended = subprocess.run([sys.executable, script, "--jobs", "10000", "--kills", "10"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("10000 jobs, 10 kills")
