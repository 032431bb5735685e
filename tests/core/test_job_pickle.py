"""A declared job goes to another process by its name."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import jobkit
from jobkit.errors import DeclarationError
from jobkit.jobs.job import _find_declared

MODULE = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import jobkit

app = jobkit.App("inline:")

@app.job
def double(number: int) -> int:
    return 2 * number

def arguments(call):
    return call.arguments["number"]

if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=get_context(sys.argv[1])) as pool:
        print(pool.submit(double, 3).result(), pool.submit(arguments, double.call(7)).result())
"""


app = jobkit.App("inline:")


@app.job(name="pickled.halve")
def halve(number: int) -> float:
    return number / 2


def test_a_copy_of_a_job_is_the_job_itself() -> None:
    assert copy.copy(halve) is halve
    assert copy.deepcopy(halve) is halve
    assert pickle.loads(pickle.dumps(halve)) is halve  # noqa: S301


def test_a_job_that_is_not_declared_here_is_named() -> None:
    with pytest.raises(DeclarationError, match="the job pickled.gone can't be found in this process"):
        _find_declared(__name__, "gone", "pickled.gone")
    with pytest.raises(DeclarationError, match="no_such_module"):
        _find_declared("no_such_module", "gone", "shop.gone")


@pytest.mark.realtime
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_job_and_its_call_go_to_a_process_pool(tmp_path: Path, method: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(MODULE)
    ended = subprocess.run([sys.executable, str(program), method], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "6 7\n", "")
