"""``jobkit new backend``: what it writes works, keeps the contract, and is the author's from then on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jobkit.cli import main
from jobkit_conformance.new.command import contents

pytestmark = pytest.mark.realtime

BIN = Path(sys.executable).parent


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    assert main(["new", "backend", "my_store", "--into", str(tmp_path)]) == 0
    return tmp_path


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "backend", "my_store", "--into", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert files == {"my_store/__init__.py", "my_store/backend.py", "my_store/harness.py", "tests/test_my_store.py"}
    assert [file for file in files if f"wrote {tmp_path / file}" not in told] == []
    assert "jobkit conformance my_store.harness:Harness" in told


def test_what_it_wrote_conforms(written: Path) -> None:
    ended = run(written, BIN / "jobkit", "conformance", "my_store.harness:Harness", "--profile", "quick")
    assert ended.returncode == 0, ended.stdout
    assert "CONFORMANT: 90 rules" in ended.stdout
    assert "my_store, in memory" in ended.stdout


def test_its_test_is_a_test_a_rule(written: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-k", "L5] or T1]", "-o", "pythonpath=.", "--rootdir", "."]
    ended = run(written, *command, "tests")
    assert ended.returncode == 0, ended.stdout
    assert "1 passed, 1 skipped" in ended.stdout


@pytest.mark.parametrize("command", [["ruff", "check", "--isolated", "."], ["mypy", "--strict", "my_store"]], ids=str)
def test_what_it_wrote_is_clean(written: Path, command: list[str]) -> None:
    ended = run(written, BIN / command[0], *command[1:])
    assert ended.returncode == 0, ended.stdout


def test_an_app_keeps_its_jobs_there(written: Path) -> None:
    script = "\n".join(
        [
            "import jobkit",
            "app = jobkit.App('my_store.backend:factory')",
            "send = app.job(name='send')(print)",
            "import asyncio",
            "print(asyncio.run(send.aenqueue(7)).status)",
        ]
    )
    ended = run(written, sys.executable, "-c", script)
    assert ended.stdout == "accepted\n", ended.stderr


def test_nothing_that_is_there_is_touched(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = written / "my_store" / "backend.py"
    mine.write_text("mine")
    assert main(["new", "backend", "my_store", "--into", str(written)]) == 2
    assert "is there already; choose another name" in capsys.readouterr().err
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("name", ["My_Store", "my-store", "my.store", "class", "", "3d"])
def test_a_name_that_is_none_is_told(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "backend", name, "--into", str(tmp_path)]) == 2
    assert f"{name!r} is no name for a package" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_to_fill_in() -> None:
    assert [path for path, text in contents("my_store").items() if "__NAME__" in text or "__CLASS__" in text] == []
