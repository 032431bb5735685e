"""The whole suite on the other Pythons that are promised, each in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def find(version: str) -> str:
    """A Python of this version: on the path, or of pyenv."""
    if (found := shutil.which(f"python{version}")) and subprocess.run(
        [found, "-V"], capture_output=True
    ).returncode == 0:
        return found  # a shim of pyenv's may be there and lead nowhere
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout.strip()
        for folder in sorted(Path(root, "versions").glob(f"{version}*")):
            return str(folder / "bin" / "python3")
    raise AssertionError(f"no Python {version} here: install python{version}")


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_suite_passes(version: str, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([find(version), "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--editable", f"{ROOT}[dev]"], check=True)
    ended = subprocess.run([python, "-m", "pytest", "-q", "-n", "auto"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    asked = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    assert asked.startswith(f"Python {version}.")
