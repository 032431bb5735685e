"""``pytest --jobkit-backend=sqlite``: a file for the run, that goes with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plugin.conftest import WITHOUT

TEST = """
    import jobkit

    app = jobkit.App("redis://production.invalid")
    done = []


    @app.job
    def add(number: int) -> None:
        done.append(number)


    def test_performs(jobs):
        add.enqueue(7)
        add.using(delay=60).enqueue(8)
        jobs.perform()
        assert done == [7]
        jobs.advance(seconds=60)
        assert done == [7, 8]
"""


def _run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    return pytester.runpytest_inprocess(*WITHOUT, *arguments)


def test_a_bare_name_is_a_file_for_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    result = _run(pytester, "--jobkit-backend=sqlite")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["jobkit: sqlite (SQLite *, *jobs.db, namespaces jobkit-test-*)"])
    found = re.search(r"SQLite \S+, (\S+jobs\.db)", result.stdout.str())
    assert found is not None
    assert not Path(found.group(1)).parent.exists(), "it is left behind"
    assert not list(pytester.path.glob("**/*.db*")), "it is in the project"


def test_a_url_is_a_file_that_stays(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    _run(pytester, "--jobkit-backend=sqlite:///mine.db").assert_outcomes(passed=1)
    assert (pytester.path / "mine.db").exists()


def test_a_file_that_can_t_be_used_is_a_usage_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    result = _run(pytester, "--jobkit-backend=sqlite:///no/such/folder/mine.db")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*mine.db can't be used: there is no folder *no/such/folder"])
