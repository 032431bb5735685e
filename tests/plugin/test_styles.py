"""Every style of test: plain, asynchronous, unittest, classes, threads, many processes."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import INI, Project


def test_unittest(project: Project) -> None:
    result = project.run("""
        import unittest

        class Signup(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _jobs(self, jobs):
                self.jobs = jobs

            def test_it(self):
                sign_up(1)
                self.assertIn(send_welcome.call(1), self.jobs.enqueued)
                self.jobs.perform()
                self.assertEqual(done, [("send_welcome", 1), ("audit", "signup"), ("push_crm", 1)])

            def test_inline(self):
                with self.jobs.inline():
                    self.assertRaises(ValueError, charge.enqueue, 14)

            def test_leftover(self):
                remind.enqueue(1)

            def test_surprise(self):
                charge.enqueue(13)
                self.jobs.advance(hours=1)

            def test_own_failure_wins(self):
                remind.enqueue(1)
                self.assertEqual(1, 2)

        class Awaiting(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def _jobs(self, jobs):
                self.jobs = jobs

            async def test_it(self):
                await send_welcome.aenqueue(1)
                await self.jobs.aperform()
                self.assertEqual(done, [("send_welcome", 1), ("push_crm", 1)])

            async def test_never_awaited(self):
                push_crm.aenqueue(1)
    """)
    result.assert_outcomes(passed=3, failed=4)
    result.stdout.fnmatch_lines(
        [
            "FAILED *Signup::test_leftover - Failed: 1 job was left enqueued*",
            "FAILED *Signup::test_own_failure_wins - AssertionError: 1 != 2",
            "FAILED *Signup::test_surprise - Failed: 1 job failed, and nothing*",
            "FAILED *Awaiting::test_never_awaited - Failed: 1 aenqueue was neve*",
        ]
    )


def test_asyncio_in_strict_mode(project: Project) -> None:
    project.write("tox.ini", INI.replace("asyncio_mode = auto", "asyncio_mode = strict"))
    project.passes("""
        @pytest.mark.asyncio
        async def test_it(jobs):
            await send_welcome.aenqueue(1)
            await jobs.aperform()
            assert done == [("send_welcome", 1), ("push_crm", 1)]

        @pytest.mark.asyncio
        async def test_advance(jobs):
            await charge.aenqueue(13)
            await jobs.aadvance(hours=1)
            assert charge in jobs.dead
    """)


def test_anyio(project: Project) -> None:
    result = project.run(
        """
        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_it(jobs):
            await send_welcome.aenqueue(1)
            await jobs.aperform()
            assert done == [("send_welcome", 1), ("push_crm", 1)]

        @pytest.mark.anyio
        async def test_again(jobs):
            await remind.aenqueue(1)
            with jobs.inline():
                await remind.aenqueue(2)
            assert done == [("remind", 2)]
            await jobs.aperform()
        """,
        "-p",
        "no:asyncio",
        "-o",
        "asyncio_mode=",
        "-W",
        "ignore::pytest.PytestConfigWarning",
    )
    result.assert_outcomes(passed=2)


def test_asynchronous_fixtures(project: Project) -> None:
    project.passes("""
        import pytest_asyncio

        @pytest_asyncio.fixture
        async def user(jobs):
            await send_welcome.aenqueue(1)
            yield 1
            await audit.aenqueue("gone")

        async def test_it(user, jobs):
            await jobs.aperform()
            assert done == [("send_welcome", 1), ("push_crm", 1)]
    """)


def test_threads(project: Project) -> None:
    project.passes("""
        import threading
        from concurrent.futures import ThreadPoolExecutor

        def test_it(jobs):
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(remind.enqueue, range(200)))
            assert len(jobs.enqueued) == 200 and jobs.enqueued.count(remind) == 200
            jobs.perform(limit=200)
            assert sorted(number for _, number in done) == list(range(200))
            assert [entry.number for entry in jobs.enqueued] == list(range(1, 201))
    """)


def test_an_endpoint(project: Project) -> None:
    project.run(ENDPOINT).assert_outcomes(passed=4)


ENDPOINT = """
    import warnings

    import fastapi

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has opinions on what it is installed with
        from fastapi.testclient import TestClient

    pytestmark = pytest.mark.filterwarnings("ignore")
    api = fastapi.FastAPI()

    @api.post("/plain/{user_id}")
    def plain(user_id: int) -> None:
        send_welcome.enqueue(user_id)

    @api.post("/awaits/{user_id}")
    async def awaits(user_id: int) -> None:
        await send_welcome.aenqueue(user_id)

    @pytest.fixture
    def client():
        with TestClient(api) as client:
            yield client

    @pytest.mark.parametrize("path", ["plain", "awaits"])
    def test_it(client, jobs, path):
        client.post(f"/{path}/7")
        assert send_welcome.call(7) in jobs.enqueued
        jobs.perform()
        assert done == [("send_welcome", 7), ("push_crm", 7)]

    @pytest.mark.parametrize("path", ["plain", "awaits"])
    def test_inline(client, jobs, path):
        with jobs.inline():
            client.post(f"/{path}/7")
            assert done == [("send_welcome", 7), ("push_crm", 7)]
"""


def test_a_worker_inside_a_test(project: Project) -> None:
    project.passes("""
        import asyncio

        async def test_it(jobs):
            await send_welcome.aenqueue(7)
            async with jobkit.Worker(app):
                while len(done) < 2:
                    await asyncio.sleep(0.001)
            assert jobs.performed == [send_welcome.call(7), push_crm.call(7)]
            assert jobs.pending == []
            assert jobs.performed[1].parent == jobs.performed[0]
    """)


def test_a_worker_that_is_quicker_than_the_enqueue(project: Project) -> None:
    project.passes("""
        import asyncio

        async def dawdle(outgoing):
            yield
            while not done:
                await asyncio.sleep(0.001)

        app.queue("slow", enqueue=[dawdle])

        async def test_it(jobs):
            async with jobkit.Worker(app):
                await remind.using(queue="slow").aenqueue(7)
            assert jobs.performed == [remind.call(7)]
            assert jobs.enqueued.only().state == "succeeded" and jobs.pending == []
    """)


@pytest.mark.realtime
def test_a_bad_marker_under_many_processes(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(nonsense=1)
        def test_it():
            raise AssertionError
        """,
        "-n1",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["test_it.py::test_it: the marker jobkit has no argument 'nonsense'*"])
