"""``jobkit new job``: what it writes works as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jobkit.cli import main
from tests import lean_pytest

BIN = Path(sys.executable).parent
PYTEST = (sys.executable, "-m", "pytest", *lean_pytest.plugins())


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = lean_pytest.environment()
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.realtime
def test_a_job_of_its_own_passes_its_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "job", "send_receipt", "--into", str(tmp_path)]) == 0
    assert "Try it: pytest tests/test_send_receipt.py" in capsys.readouterr().out
    ended = run(tmp_path, *PYTEST, "-q", "-o", "pythonpath=.", "--rootdir", ".", "tests")
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout
    assert run(tmp_path, str(BIN / "ruff"), "check", "--isolated", ".").returncode == 0
    ended = run(tmp_path, str(BIN / "mypy"), "--strict", "send_receipt.py")
    assert ended.returncode == 0, ended.stdout


@pytest.mark.realtime
def test_one_of_an_app_stands_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "new_shop"
    package.mkdir()
    package.joinpath("__init__.py").touch()
    package.joinpath("jobs.py").write_text('import jobkit\n\nshop = jobkit.App("inline:")\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["new", "job", "send_receipt", "--app", "new_shop.jobs:shop"]) == 0
    told = capsys.readouterr().out
    assert "from new_shop.send_receipt import send_receipt" in told
    assert "from new_shop.jobs import shop as app\n" in package.joinpath("send_receipt.py").read_text()
    ended = run(tmp_path, *PYTEST, "-q", "-o", "pythonpath=.", "--rootdir", ".", "tests")
    assert "1 passed" in ended.stdout, ended.stdout
    assert main(["new", "job", "send_receipt", "--app", "new_shop.jobs:shop"]) == 2
    assert "is there already" in capsys.readouterr().err
    for name in [each for each in sys.modules if each.startswith("new_shop")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["Send", "send-receipt", "class", "1st", ""])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "job", name, "--into", str(tmp_path)]) == 2
    assert "is no name for a job: small letters, digits and _, such as send_receipt" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
