"""What the tests of this folder open clients with, and how they run what has to be a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from jobkit.backends.sqlite import SqliteBackend

Open: TypeAlias = Callable[..., SqliteBackend]
"""``clients(**options)``: a client of this test's file; options go into its URL."""

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 60
"""Seconds that a program may take at most."""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """A program of this folder as a process, whose lines are read as it goes."""
    command = [sys.executable, str(PROGRAMS / f"{program}.py"), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(program: str, *arguments: object) -> Any:
    """What a program of this folder has found out, once it has ended well."""
    with start(program, *arguments) as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, f"{program} ended with {process.returncode}"
    return json.loads(said)
