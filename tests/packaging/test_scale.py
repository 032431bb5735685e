"""The sheet in docs/scale.md is what the script makes of the measured costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]


def sheet(*options: str) -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / "scale.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_document_shows_what_the_script_says() -> None:
    shown = (
        (ROOT / "docs" / "scale.md").read_text().partition("<!-- benchmarks/scale.py -->")[2].partition("<!-- end")[0]
    )
    assert shown.strip() == sheet()


def test_twice_the_cost_takes_twice_the_cores(tmp_path: Path) -> None:
    rows = json.loads((ROOT / "benchmarks" / "costs.json").read_text())
    for row in rows:
        row |= {name: 2 * value for name, value in row.items() if name.endswith("_us")}
    costs = tmp_path / "costs.json"
    costs.write_text(json.dumps(rows))

    def cores(text: str) -> float:
        return float(text.partition("server time | ")[2].partition(" cores")[0])

    assert 1.9 < cores(sheet("--costs", str(costs))) / cores(sheet()) < 2.1
