"""What is checked without running it: types, style, layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["mypy"],
        ["pyright", "--pythonpath", sys.executable],  # it looks for an environment by itself, and takes another one
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["lint-imports"],
    ],
    ids=lambda command: command[0],
)
def test_static(command: list[str]) -> None:
    ended = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-4000:]
