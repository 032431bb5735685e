"""The examples pass on what they promise, each as its README says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "backends", "more"),
    [
        ("helpdesk", "inline,fakeredis,redis", ()),
        ("helpdesk", "sqlite", ()),
        ("shop", "inline,sqlite", ("--jobkit-payloads=check",)),
    ],
)
def test_its_tests_pass(name: str, backends: str, more: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "pytest", f"examples/{name}", f"--jobkit-backend={backends}", *more]
    ended = subprocess.run([*command, "-p", "no:cacheprovider"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-1000:]
    for backend in backends.split(","):
        assert f"jobkit: {backend} " in ended.stdout


def test_one_command_runs_the_helpdesk_on_three_backends() -> None:
    said = (ROOT / "examples" / "helpdesk" / "README.md").read_text("utf-8")
    assert "    pytest examples/helpdesk --jobkit-backend=inline,fakeredis,redis\n" in said
