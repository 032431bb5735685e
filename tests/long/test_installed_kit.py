"""The kit as somebody else has it: from the wheel, in an environment of its own, over a backend of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]
TOY = Path(__file__).parent / "toy"


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel, the extra that the kit needs, and nothing else."""
    dist, folder = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("environment")
    _done([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist), str(ROOT)], ROOT)
    (wheel,) = dist.glob("*.whl")
    venv.create(folder, with_pip=True)
    binaries = folder / "bin"
    pip = [str(binaries / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _done([*pip, f"jobkit-core[conformance] @ {wheel.as_uri()}"], folder)
    return binaries


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the toy lives: far from this tree."""
    folder = tmp_path_factory.mktemp("somewhere")
    shutil.copytree(TOY, folder / "toy", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def failure(binaries: Path, repository: Path) -> str:
    """What a report of the toy with a fault prints of the only rule that it breaks."""
    ended = _kit(binaries, repository, "toy.harness:Faulty")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    head, *told = re.split(r"^L2 BROKEN$", ended.stdout, flags=re.MULTILINE)
    assert "1 BROKEN (L2)" in head
    assert len(told) == 1
    assert "NOT CONFORMANT: 90 rules" in told[0]
    assert "1 BROKEN, " in told[0]
    return told[0]


def test_a_backend_that_keeps_what_it_claims_conforms(binaries: Path, repository: Path) -> None:
    ended = _kit(binaries, repository, "toy.harness:Harness", "--json", "toy.json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    footer = json.loads((repository / "toy.json").read_text())["footer"]
    assert footer["exit"] == 0
    assert footer["complete"]


def test_the_printed_program_shows_the_fault_by_itself(binaries: Path, repository: Path, failure: str) -> None:
    program = failure[failure.index("    from jobkit_conformance") : failure.index("  again: ")]
    (repository / "program.py").write_text(textwrap.dedent(program))
    command = [str(binaries / "python"), "program.py"]
    ended = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "RuleViolation: delivery 2 of 'a' has attempt 2, not 1" in ended.stderr
    assert "granted a (attempt 2)" in ended.stdout


def test_it_is_played_again_by_its_word(binaries: Path, repository: Path, failure: str) -> None:
    again = re.search(r"again: jobkit conformance toy.harness:Faulty (--replay \S+)", failure)
    assert again is not None
    replay = again.group(1).split()
    ended = _kit(binaries, repository, "toy.harness:Faulty", *replay)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "L2 BROKEN" in ended.stdout
    mended = _kit(binaries, repository, "toy.harness:Harness", *replay)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert "breaks no rule here" in mended.stdout


def _kit(binaries: Path, repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(binaries / "jobkit"), "conformance", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=300)


def _done(command: list[str], folder: Path) -> None:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
