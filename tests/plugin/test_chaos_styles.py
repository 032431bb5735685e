"""Chaos in every style of test, and beside other plugins: the item is run many times, and reported once."""

from __future__ import annotations

import textwrap

import pytest

from tests.plugin.conftest import HEAD, INI, WITHOUT, Project

TWICE = "E*push_crm(user_id=1) was delivered twice: it had run, and its lease ran out before it was settled"


def test_each_run_has_fresh_function_fixtures_and_one_of_wider_scope(project: Project) -> None:
    result = project.run("""
        made = {"module": 0, "function": 0, "class": 0, "gone": 0}

        @pytest.fixture(scope="module", autouse=True)
        def module():
            made["module"] += 1
            yield
            print("module gone after", made["function"])

        class TestIt:
            @pytest.fixture(scope="class", autouse=True)
            @classmethod
            def of_class(cls):
                made["class"] += 1

            @pytest.fixture
            def fresh(self):
                made["function"] += 1
                yield
                made["gone"] += 1

            @pytest.mark.jobkit(chaos=20)
            def test_it(self, jobs, fresh):
                assert not hasattr(self, "seen")
                self.seen = True
                assert made["function"] == made["gone"] + 1
                remind.enqueue(1)
                remind.enqueue(2)
                jobs.perform()

            def test_after(self):
                assert made == {"module": 1, "function": 20, "class": 1, "gone": 20}
    """)
    result.assert_outcomes(passed=2)


def test_unittest(project: Project) -> None:
    result = project.run("""
        import unittest

        class Signup(unittest.TestCase):
            classes = 0

            @classmethod
            def setUpClass(cls):
                cls.classes += 1

            @pytest.fixture(autouse=True)
            def _jobs(self, jobs):
                self.jobs = jobs

            def setUp(self):
                self.ready = True

            @pytest.mark.jobkit(chaos=True)
            def test_fails(self):
                self.assertEqual(self.classes, 1)
                push_crm.enqueue(1)
                self.jobs.perform()
                self.assertEqual(done, [("push_crm", 1)])

            @pytest.mark.jobkit(chaos=True)
            def test_passes(self):
                push_crm.enqueue(1)
                self.jobs.perform()
                self.assertEqual(set(done), {("push_crm", 1)})

        class Awaiting(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def _jobs(self, jobs):
                self.jobs = jobs

            @pytest.mark.jobkit(chaos=True)
            async def test_fails(self):
                await push_crm.aenqueue(1)
                await self.jobs.aperform()
                self.assertEqual(done, [("push_crm", 1)])
    """)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [TWICE.removeprefix("E*"), "see it again:*test_it.py::*test_fails *=duplicate:push_crm"]
    )


def test_subtests_are_refused(project: Project) -> None:
    result = project.run("""
        import unittest

        class Signup(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _jobs(self, jobs):
                self.jobs = jobs

            @pytest.mark.jobkit(chaos=True)
            def test_it(self):
                push_crm.enqueue(1)
                self.jobs.perform()
                with self.subTest("done"):
                    self.assertEqual(set(done), {("push_crm", 1)})
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["chaos does not go with subtests: *"])


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_asyncio(project: Project, mode: str) -> None:
    project.write("tox.ini", INI.replace("asyncio_mode = auto", f"asyncio_mode = {mode}"))
    result = project.run("""
        import pytest_asyncio

        @pytest_asyncio.fixture
        async def user():
            yield 1

        @pytest.mark.asyncio
        @pytest.mark.jobkit(chaos=True)
        async def test_fails(user, jobs):
            await push_crm.aenqueue(user)
            await jobs.aperform()
            assert done == [("push_crm", 1)]

        @pytest.mark.asyncio
        @pytest.mark.jobkit(chaos="sweep")
        async def test_passes(user, jobs):
            await send_welcome.aenqueue(user)
            await jobs.aperform()
            assert ("push_crm", 1) in done
    """)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([TWICE])


def test_anyio(project: Project) -> None:
    result = project.run(
        """
        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        @pytest.mark.jobkit(chaos=True)
        async def test_fails(jobs):
            await push_crm.aenqueue(1)
            await jobs.aperform()
            assert done == [("push_crm", 1)]

        @pytest.mark.anyio
        @pytest.mark.jobkit(chaos=True)
        async def test_passes(jobs):
            await push_crm.aenqueue(1)
            await jobs.aperform()
            assert set(done) == {("push_crm", 1)}
        """,
        *("-p", "no:asyncio", "-o", "asyncio_mode=", "-W", "ignore::pytest.PytestConfigWarning"),
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([TWICE])


MIXED = """
    @pytest.mark.jobkit(chaos=True)
    @pytest.mark.parametrize("n", [1, 2])
    def test_fails(jobs, n):
        push_crm.enqueue(n)
        jobs.perform()
        assert done == [("push_crm", n)]

    @pytest.mark.jobkit(chaos=True)
    @pytest.mark.parametrize("n", [1, 2])
    def test_passes(jobs, n):
        push_crm.enqueue(n)
        jobs.perform()
        assert set(done) == {("push_crm", n)}

    def test_without(jobs):
        push_crm.enqueue(1)
        jobs.perform()
"""


@pytest.mark.realtime
def test_many_processes(project: Project) -> None:
    result = project.run(MIXED, "-n2")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["see it again:*'test_it.py::test_fails[[]1[]]' --jobkit-replay=duplicate:push_crm"])
    result.stdout.fnmatch_lines(["chaos: 2 tests survived 114 schedules"])


def test_beside_plugins_that_run_tests_again(project: Project) -> None:
    """Each test under chaos is run by chaos alone: what failed is not hidden by running it once more."""
    project.write("test_it.py", textwrap.dedent(HEAD) + textwrap.dedent(MIXED))
    others = [each for word in WITHOUT[1::2] if word != "no:rerunfailures" for each in ("-p", word)]
    result = project.pytester.runpytest_inprocess(*others, "--reruns=2")
    result.assert_outcomes(passed=3, failed=2)
    assert "rerun" not in result.outlines[-1]


def test_the_first_failure_ends_the_run(project: Project) -> None:
    project.run(MIXED, "-x").assert_outcomes(failed=1)


def test_last_failed(project: Project) -> None:
    project.write("test_it.py", textwrap.dedent(HEAD) + textwrap.dedent(MIXED))
    run = project.pytester.runpytest_inprocess
    run("-p", "no:hypothesispytest", "-k", "fails or without").assert_outcomes(passed=1, failed=2)
    run("-p", "no:hypothesispytest", "--lf").assert_outcomes(failed=2)


def test_expected_failures(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.xfail(reason="not idempotent yet", strict=True)
        @pytest.mark.jobkit(chaos=True)
        def test_fails(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            assert done == [("push_crm", 1)]

        @pytest.mark.xfail(reason="it was", strict=False)
        @pytest.mark.jobkit(chaos=True)
        def test_passes(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            assert set(done) == {("push_crm", 1)}

        @pytest.mark.jobkit(chaos=True)
        def test_skips(jobs):
            pytest.skip("not today")

        @pytest.mark.jobkit(chaos=True)
        def test_fails_anyway(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            assert done == []
        """
    )
    result.assert_outcomes(xfailed=1, xpassed=1, skipped=1, failed=1)
    assert "Chaos" not in result.stdout.str()


def test_what_other_runs_said_is_not_shown(project: Project) -> None:
    result = project.run(
        """
        import warnings

        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs, record_property):
            record_property("order", 7)
            print("performing")
            warnings.warn("old", UserWarning)
            push_crm.enqueue(1)
            jobs.perform()
            assert done == [("push_crm", 1)]
        """,
        *("-W", "default", "--junitxml=report.xml", "-o", "junit_family=legacy"),
    )
    result.assert_outcomes(failed=1, warnings=1)
    assert result.stdout.str().count("\nperforming\n") == 1
    assert (project.path / "report.xml").read_text().count('name="order"') == 1


def test_a_test_that_fails_anyway_is_run_once(project: Project) -> None:
    result = project.run(
        """
        import warnings

        @pytest.fixture(scope="module")
        def shelf():
            yield
            raise OSError("the shelf fell down")

        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs, shelf):
            print("performing")
            warnings.warn("old", UserWarning)
            push_crm.enqueue(1)
            assert done == [("push_crm", 1)]

        @pytest.fixture(scope="module")
        def broken():
            raise LookupError("no such shelf")

        @pytest.mark.jobkit(chaos=True)
        def test_setup(jobs, broken):
            push_crm.enqueue(1)
            jobs.perform()
        """,
        *("-W", "default", "-p", "no:randomly"),
    )
    result.assert_outcomes(failed=1, errors=2, warnings=1)
    text = result.stdout.str()
    assert text.count("\nperforming\n") == 1
    assert "Chaos" not in text
    result.stdout.fnmatch_lines(["*#1 push_crm(user_id=1)*pending*"])
    result.stdout.fnmatch_lines(["E*OSError: the shelf fell down"])


def test_hypothesis_is_refused_with_the_reason(project: Project) -> None:
    result = project.run("""
        from hypothesis import HealthCheck, given, settings, strategies

        @pytest.mark.jobkit(chaos=True)
        @settings(suppress_health_check=list(HealthCheck), max_examples=2, database=None)
        @given(strategies.integers(1, 3))
        def test_it(jobs, n):
            push_crm.enqueue(n)
            jobs.perform()
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["chaos does not go with @given: both run the test many times*"])


def test_with_the_option_what_can_not_be_run_again_is_left_alone(project: Project) -> None:
    result = project.run(
        """
        from hypothesis import HealthCheck, given, settings, strategies

        @settings(suppress_health_check=list(HealthCheck), max_examples=2, database=None)
        @given(strategies.integers(1, 3))
        def test_given(jobs, n):
            push_crm.enqueue(n)
            jobs.perform()

        def test_without_a_job(jobs):
            assert jobs.enqueued == []

        def test_without_jobs():
            assert not done

        @pytest.mark.jobkit(chaos=False)
        def test_never(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            assert done == [("push_crm", 1)]
        """,
        "--jobkit-chaos",
    )
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines_random(
        [
            "chaos: 1 test left out: performs no job",
            "chaos: 1 test left out: chaos does not go with @given: *",
        ]
    )
    assert "survived" not in result.stdout.str()


@pytest.mark.realtime
def test_without_chaos_nothing_of_it_is_loaded(project: Project) -> None:
    result = project.apart(
        """
        import sys

        def test_it(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            loaded = {name for name in sys.modules if name.startswith("pytest_jobkit.chaos.")}
            assert loaded == {f"pytest_jobkit.chaos.{name}" for name in ("config", "options", "summary")}
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("backend", ["fakeredis", "sqlite"])
def test_on_any_backend(project: Project, backend: str) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos=20)
        def test_fails(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            assert done == [("push_crm", 1)]

        @pytest.mark.jobkit(chaos=20)
        def test_passes(jobs):
            charge.enqueue(13)
            sign_up(1)
            jobs.advance(hours=1)
            assert charge in jobs.dead and ("push_crm", 1) in done
        """,
        f"--jobkit-backend={backend}",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [TWICE, f"see it again: *--jobkit-replay=duplicate:push_crm --jobkit-backend={backend}"]
    )
