"""The wheel: what it brings, and that it is enough."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]

SHIPPED = ("jobkit", "jobkit_conformance", "pytest_jobkit")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    found = folder / "bin" / "python"
    for what in (["msgspec"], ["--no-deps", str(wheel)]):
        command = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    return found


def run(python: Path, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-I", "-c", script], cwd=folder, capture_output=True, text=True)


def test_it_brings_three_packages_and_its_own_record(files: set[str]) -> None:
    roots = {name.partition("/")[0] for name in files}
    assert {root for root in roots if not root.endswith(".dist-info")} == set(SHIPPED)


def test_it_brings_every_file_of_theirs(files: set[str]) -> None:
    folders = (ROOT / "jobkit", ROOT / "conformance" / "jobkit_conformance", ROOT / "pytest_plugin" / "pytest_jobkit")
    for folder in folders:
        theirs = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert theirs
        assert {str(path.relative_to(folder.parent)) for path in theirs} <= files


@pytest.mark.parametrize("package", SHIPPED)
def test_each_says_that_it_is_typed(files: set[str], package: str) -> None:
    assert f"{package}/py.typed" in files


def test_the_scripts_for_the_server_come_along(files: set[str]) -> None:
    scripts = {path.name for path in (ROOT / "jobkit" / "backends" / "redis" / "scripts").glob("*.lua")}
    assert scripts
    assert {name.rpartition("/")[2] for name in files if name.endswith(".lua")} == scripts


def test_it_is_imported_from_anywhere_with_msgspec_alone(python: Path, tmp_path: Path) -> None:
    ended = run(python, "import jobkit; print(jobkit.__file__)", tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "site-packages" in ended.stdout


def test_jobs_are_performed_with_it(python: Path, tmp_path: Path) -> None:
    script = "\n".join(
        [
            "import jobkit",
            "app = jobkit.App('inline:')",
            "send = app.job(name='shop.send')(lambda user_id: print('sent', user_id))",
            "print(send.perform(6).state)",
            "send.enqueue(7)",
        ]
    )
    ended = run(python, script, tmp_path)
    assert (ended.stdout.split(), ended.stderr) == (["sent", "6", "succeeded", "sent", "7"], "")


@pytest.mark.parametrize("root", ["conformance", "pytest_plugin", "tests", "benchmarks", "examples", "docs"])
def test_nothing_else_of_the_project_is_importable(python: Path, tmp_path: Path, root: str) -> None:
    ended = run(python, f"import {root}", tmp_path)
    assert f"No module named '{root}'" in ended.stderr


def test_a_missing_extra_says_what_to_install(python: Path, tmp_path: Path) -> None:
    ended = run(python, "import jobkit; jobkit.App('redis://h').clients('default')", tmp_path)
    assert "needs the package 'redis': pip install 'jobkit-core[redis]'" in ended.stderr


def test_the_command_is_there_and_so_is_the_kits(python: Path, tmp_path: Path) -> None:
    command = python.with_name("jobkit")
    ended = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "worker" in ended.stdout
    asked = subprocess.run([command, "conformance", "inline"], cwd=tmp_path, capture_output=True, text=True)
    assert asked.returncode == 2
    assert "pip install 'jobkit-core[conformance]'" in asked.stderr
