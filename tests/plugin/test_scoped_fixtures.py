"""Fixtures of a class, a module or the session that enqueue: their jobs are no test's."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project


def test_their_jobs_are_in_the_logs_of_no_test(project: Project) -> None:
    project.passes("""
        @pytest.fixture(scope="session", autouse=True)
        def of_session():
            remind.enqueue(0)

        @pytest.fixture(scope="module")
        def of_module():
            remind.enqueue(1)

        @pytest.fixture(scope="class")
        def of_class(of_module):
            remind.enqueue(2)
            yield
            remind.enqueue(3)

        @pytest.fixture
        def of_test(of_class):
            remind.enqueue(4)

        class TestOne:
            def test_first(self, of_test, jobs):
                assert jobs.enqueued == [remind.call(4)]

            def test_second(self, of_class, jobs):
                assert jobs.enqueued == []
                remind.enqueue(5)
                jobs.perform()
                assert jobs.performed == [remind.call(5)]

        def test_after(of_module, jobs):
            assert jobs.enqueued == []
    """)


@pytest.mark.parametrize("setup", ["setUpClass", "setup_class"])
def test_also_what_is_set_up_without_fixtures(project: Project, setup: str) -> None:
    base = "unittest.TestCase" if setup == "setUpClass" else "object"
    project.passes(f"""
        import unittest

        def setup_module():
            remind.enqueue(1)

        class TestOne({base}):
            @classmethod
            def {setup}(cls):
                remind.enqueue(2)

            @pytest.fixture(autouse=True)
            def _jobs(self, jobs):
                self.jobs = jobs

            def test_it(self):
                assert self.jobs.enqueued == []
    """)


def test_asynchronous_ones_too(project: Project) -> None:
    project.passes(
        """
        import pytest_asyncio

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def of_module():
            await remind.aenqueue(1)
            yield
            await remind.aenqueue(2)

        @pytest.mark.asyncio(loop_scope="module")
        async def test_it(of_module, jobs):
            await remind.aenqueue(3)
            await jobs.aperform()
            assert jobs.performed == [remind.call(3)]
        """
    )


def test_a_marker_of_the_module_counts_for_its_fixtures(project: Project) -> None:
    project.passes("""
        pytestmark = pytest.mark.jobkit(perform="inline")

        @pytest.fixture(scope="module")
        def of_module():
            push_crm.enqueue(1)
            return list(done)

        def test_it(of_module, jobs):
            assert of_module == [("push_crm", 1)]
            assert jobs.performed == []
    """)


def test_a_failing_test_shows_those_of_the_fixtures_that_it_uses(project: Project) -> None:
    result = project.run("""
        @pytest.fixture(scope="module")
        def seeded():
            remind.enqueue(1)

        class TestOne:
            @classmethod
            def setup_class(cls):
                remind.enqueue(2)

            def test_it(self, seeded, jobs):
                remind.enqueue(3)
                assert remind.call(1) in jobs.enqueued

        def test_without():
            assert False
    """)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*- Captured jobs of seeded (module) -*",
            "#1 remind(order_id=1)  on default  pending  test_it.py:*",
            "*- Captured jobs of the setup of the class -*",
            "#1 remind(order_id=2)  on default  pending  test_it.py:*",
            "*- Captured jobs -*",
            "#1 remind(order_id=3)  on default  pending  test_it.py:*",
        ]
    )
    assert result.stdout.str().count("Captured jobs") == 3


def test_their_mistakes_are_theirs(project: Project) -> None:
    result = project.run("""
        @pytest.fixture(scope="module")
        def forgetful():
            remind.aenqueue(1)

        @pytest.fixture(scope="module")
        def forgetful_in_the_end():
            yield
            remind.aenqueue(2)

        @pytest.fixture(scope="module")
        def broken():
            remind.aenqueue(3)
            raise LookupError

        def test_one(forgetful, jobs): ...

        def test_two(forgetful_in_the_end, jobs): ...

        def test_three(broken, jobs): ...
    """)
    result.assert_outcomes(passed=1, errors=3)
    text = result.stdout.str()
    assert text.count("1 aenqueue was never awaited, so nothing was enqueued:") == 2
    result.stdout.fnmatch_lines(["*ERROR at setup of test_one*", "*remind.call(order_id=1)*made at test_it.py:*"])
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_three*", "*remind.call(order_id=2)*made at test_it.py:*"])
    result.stdout.fnmatch_lines(
        ["*ERROR at setup of test_three*", "E*LookupError", "*- Captured jobs of broken (module) -*"]
    )


def test_nothing_of_them_stays_on_a_server(project: Project) -> None:
    result = project.run(
        """
        from pytest_jobkit.scoped_fixtures import STAYS

        cases = []

        @pytest.fixture(scope="module", params=[1, 2])
        def of_module(request):
            remind.enqueue(request.param)
            cases.append(request.config.stash[STAYS].current.case)
            yield
            remind.enqueue(3)
            assert request.config.stash[STAYS].current.case is cases[-1]

        def test_it(of_module, jobs):
            assert jobs.enqueued == []

        def test_after(jobs, request):
            assert len(cases) == 2 and cases[0] is not cases[1]
            kept = [len(portal().call(lambda _: jobs_in(case))) for case in cases]
            assert kept == [0, 1]  # the second is still there
            assert [len(case.tape.enqueued()) for case in cases] == [2, 1]

        async def jobs_in(case):
            (source,) = case._sources.values()
            backend = source.open()
            try:
                return await backend.reserve(["default"], limit=10, lease=1000)
            finally:
                await backend.close()

        from jobkit.connections.portal import portal
        """,
        "--jobkit-backend=sqlite",
    )
    result.assert_outcomes(passed=3)


def test_they_count_once_for_what_a_run_gathers(project: Project) -> None:
    result = project.run(
        """
        @pytest.fixture(scope="module")
        def of_module():
            remind.enqueue(1)

        def test_one(of_module): ...

        def test_two(of_module): ...
        """,
        "--jobkit-coverage",
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*remind *1 *-*"])


def test_they_are_no_difference_between_backends(project: Project) -> None:
    result = project.run(
        """
        @pytest.fixture(scope="module")
        def of_module():
            remind.enqueue(1)

        def test_it(of_module, jobs):
            push_crm.enqueue(1)
            jobs.perform()
        """,
        "--jobkit-diff=inline,sqlite",
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["1 test ran on both, none of them diverged"])
