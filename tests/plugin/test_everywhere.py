"""It works the same under every runner of tests, and beside the plugins that people have."""

from __future__ import annotations

import os
import subprocess
import sys
from unittest import mock

import pytest

from tests import lean_pytest
from tests.plugin.conftest import Project

pytestmark = pytest.mark.realtime

ALIKE = """
    import unittest

    def check(jobs):
        assert jobs.enqueued == []
        sign_up(1)
        jobs.perform()
        assert jobs.performed == [send_welcome, audit, push_crm]
        place_order(7)
        jobs.advance(days=1)
        assert remind.call(7) in jobs.performed

    @pytest.mark.parametrize("n", range(6))
    def test_plain(jobs, n):
        check(jobs)

    async def test_on_a_loop(jobs):
        await send_welcome.aenqueue(1)
        await jobs.aperform()
        assert jobs.performed == [send_welcome, push_crm]

    class TestOfAClass:
        def test_one(self, jobs):
            check(jobs)

        def test_two(self, jobs):
            check(jobs)

    class OfUnittest(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _jobs(self, jobs):
            self.jobs = jobs

        def test_one(self):
            check(self.jobs)

    class OfUnittestOnALoop(unittest.IsolatedAsyncioTestCase):
        @pytest.fixture(autouse=True)
        def _jobs(self, jobs):
            self.jobs = jobs

        async def test_one(self):
            await remind.aenqueue(1)
            await self.jobs.aperform()
            self.assertEqual(self.jobs.pending, [])
"""

COUNT = 11


@pytest.mark.parametrize(
    "arguments",
    [
        ("-n2", "--dist=loadscope", "-p", "randomly"),
        ("-p", "rerunfailures", "--reruns=2", "-p", "timeout", "--timeout=60"),
        ("-p", "no:xdist", "-x", "-s", "--tb=native", "-p", "timeout", "--timeout=60", "--timeout-method=thread"),
    ],
    ids=" ".join,
)
def test_alike(project: Project, arguments: tuple[str, ...]) -> None:
    project.run(ALIKE, *arguments).assert_outcomes(passed=COUNT)


def test_a_rerun_begins_with_nothing(project: Project) -> None:
    result = project.run(
        """
        runs = []

        @pytest.mark.flaky(reruns=3)
        def test_it(jobs):
            runs.append(1)
            assert jobs.enqueued == []
            remind.enqueue(len(runs))
            jobs.advance(hours=1)
            assert remind.call(3) in jobs.performed

        @pytest.mark.flaky(reruns=1)
        def test_left(jobs):
            remind.enqueue(1)
        """,
        *("-p", "rerunfailures"),
    )
    assert result.parseoutcomes() == {"passed": 1, "failed": 1, "rerun": 3}


def test_a_timeout_leaves_nothing_for_the_next(project: Project) -> None:
    result = project.run(
        """
        import signal

        @pytest.mark.timeout(60)
        def test_hangs(jobs):
            remind.enqueue(1)
            with jobs.inline():
                signal.raise_signal(signal.SIGALRM)  # as if its time were up, and never anywhere else

        def test_the_next(jobs):
            remind.enqueue(2)
            assert done == []
            jobs.perform()
            assert jobs.performed == [remind.call(2)]
        """,
        *("-p", "timeout"),
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Captured jobs*", "#1 remind(order_id=1)*"])


def test_subtests(project: Project) -> None:
    """pytest's own, or those of pytest-subtests: what fails in one is its own failure, what was left is the test's."""
    result = project.run("""
        def test_it(jobs, subtests):
            for number in range(3):
                with subtests.test(number=number):
                    remind.enqueue(number)
                    assert remind.call(number) in jobs.enqueued
                    assert number != 1
            jobs.perform()
            assert jobs.performed == [remind] * 3

        def test_left(jobs, subtests):
            with subtests.test():
                remind.enqueue(1)
    """)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.re_match_lines([r".*(SUBFAIL.*number=1|number=1.*SUBFAIL)"])
    result.stdout.fnmatch_lines(["FAILED*test_left*1 job was left enqueued*"])


def test_subtests_of_unittest(project: Project) -> None:
    result = project.run("""
        import unittest

        class OfUnittest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _jobs(self, jobs):
                self.jobs = jobs

            def test_it(self):
                for number in range(3):
                    with self.subTest(number=number):
                        remind.enqueue(number)
                        self.assertIn(remind.call(number), self.jobs.enqueued)
                        self.assertNotEqual(number, 1)
    """)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*number=1*"])


def test_hypothesis(project: Project) -> None:
    """The examples of one test share its jobs, as they share its fixtures; a window sees those of one example."""
    project.write(
        "test_given.py",
        """
        from hypothesis import HealthCheck, given, settings, strategies as st
        from shop import remind

        @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
        @given(number=st.integers(0, 1000))
        def test_with_the_fixture(jobs, number):
            with jobs.window() as inside:
                remind.enqueue(number)
                jobs.perform()
            assert inside.performed == [remind.call(number)]

        @settings(max_examples=20, database=None)
        @given(number=st.integers(0, 1000))
        def test_without(number):
            remind.enqueue(number)
        """,
    )
    with mock.patch.dict(os.environ, lean_pytest.ENVIRONMENT):
        ran = project.pytester.runpytest_subprocess(*lean_pytest.plugins("hypothesispytest"), "test_given.py")
    ran.assert_outcomes(passed=2)


def test_last_failed(project: Project) -> None:
    again = ("-p", "cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    arguments = (*again, "--jobkit-backend=inline,fakeredis")
    test = """
        def test_fails(jobs, jobkit_backend):
            remind.enqueue(1)
            assert (jobkit_backend == "inline") == (remind in jobs.enqueued)

        def test_passes(jobs):
            pass
    """
    project.run(test, *arguments).assert_outcomes(passed=3, failed=1)
    result = project.run(test, *arguments, "--lf")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_fails[[]fakeredis[]]*"])


def test_stopping_at_the_first_failure(project: Project) -> None:
    result = project.run(
        """
        def test_fails(jobs):
            remind.enqueue(1)

        def test_is_not_reached(jobs):
            raise AssertionError
        """,
        "-x",
        "--jobkit-backend=sqlite",
    )
    result.assert_outcomes(failed=1)


def test_the_debugger(project: Project) -> None:
    """In the middle of a failure the jobs are still there, and can be performed."""
    project.write(
        "test_it.py",
        """
        from shop import *

        def test_it(jobs):
            sign_up(1)
            assert remind in jobs.enqueued
        """,
    )
    child = subprocess.run(
        [sys.executable, "-m", "pytest", *lean_pytest.plugins(), "--pdb"],
        cwd=project.path,
        env=lean_pytest.environment(),
        input="p [len(jobs.pending), jobs.enqueued[0]]\np jobs.perform()[0].state\nc\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "[2, send_welcome.call(user_id=1)]" in child.stdout
    assert "succeeded" in child.stdout
    assert "1 failed" in child.stdout


def test_without_the_plugin(project: Project) -> None:
    result = project.apart(
        """
        def test_no_fixture(jobs):
            pass

        def test_another():
            pass
        """,
        "-p",
        "no:jobkit",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'jobs' not found*"])
