"""The floors of the house, as ``pyproject.toml`` states them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> tuple[int, str]:
    """Judge the packages in a folder, by its own ``pyproject.toml``."""
    paths = ":".join(str(folder / each) for each in (".", "conformance", "pytest_plugin"))
    ended = subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": paths, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_imports_keep_to_the_floors() -> None:
    code, said = lint(ROOT)
    assert code == 0, said


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The house, to do damage in."""
    for name in ("jobkit", "conformance", "pytest_plugin"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_what_breaks_a_contract_is_named(copy: Path) -> None:
    (copy / "jobkit" / "newcomer.py").touch()
    with (copy / "jobkit" / "errors.py").open("a") as errors:
        errors.write("\nimport hypothesis\nimport redis\nfrom jobkit import app\n")
    with (copy / "conformance" / "jobkit_conformance" / "harness.py").open("a") as harness:
        harness.write("\nimport jobkit.backends.inline\n")
    with (copy / "pytest_plugin" / "pytest_jobkit" / "options.py").open("a") as options:
        options.write("\nimport jobkit_conformance\n")
    code, said = lint(copy)
    assert code == 1
    assert "The following modules are not listed as layers:\n\n- jobkit.newcomer\n" in said
    for line in (
        "jobkit.errors is not allowed to import jobkit.app:",
        "jobkit is not allowed to import hypothesis:",
        "jobkit is not allowed to import redis:",
        "jobkit_conformance is not allowed to import jobkit.backends:",
        "pytest_jobkit is not allowed to import hypothesis:",
        "pytest_jobkit is not allowed to import jobkit_conformance:",
    ):
        assert line in said
