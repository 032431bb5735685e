"""``jobkit_worker``: a real worker in a process of its own, and ``wait_for``."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

ELSEWHERE = """
    import os
    import signal
    import threading
    import time

    import jobkit

    app = jobkit.App("redis://production.invalid")


    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")


    @app.job(queue="mail")
    async def send(user_id: int) -> object:
        print(f"sending to {user_id}")
        await note.aenqueue(os.getpid())
        return {"user": user_id}


    @app.job
    def note(pid: int) -> object:
        return threading.Lock()


    @app.job(retry=jobkit.Retry(attempts=2, on=ConnectionError, wait=0))
    def flaky(text: str) -> None:
        raise ConnectionError(text)


    @app.job
    def odd() -> None:
        raise Odd("this", "that")


    @app.job(retry=jobkit.Retry(attempts=9, wait=0))
    def endures(path: str) -> int:
        with open(path, "a") as file:
            file.write("x")
        if os.path.getsize(path) == 1:
            time.sleep(60)
        return os.getpid()


    @app.job
    def leave(code: int) -> None:
        os._exit(code)
"""

HEAD = """
    import os
    import time
    import pytest
    import jobkit
    from elsewhere import *

    pytestmark = pytest.mark.jobkit(backend="sqlite")

"""


@pytest.fixture
def elsewhere(project: Project) -> Project:
    project.write("elsewhere.py", ELSEWHERE)
    return project


@pytest.mark.realtime
def test_its_jobs_are_performed_there_and_known_here(elsewhere: Project) -> None:
    elsewhere.run(
        """
        def test_it(jobs, jobkit_worker):
            worker = jobkit_worker("elsewhere:app")
            send.enqueue(7)
            entry = jobs.wait_for(note, timeout=30)
            assert jobs.enqueued == [send.call(7), note.call(worker.pid)] and worker.pid != os.getpid()
            assert entry.parent == send.call(7) and str(entry.site).startswith("elsewhere.py:")
            assert jobs.performed == [send, note] and jobs.pending == []
            assert "sending to 7" in worker.log

        def test_failures_too(jobs, jobkit_worker):
            jobkit_worker("elsewhere:app", concurrency=1)
            flaky.enqueue("refused")
            odd.enqueue()
            send.enqueue(1)
            jobs.wait_for(note, timeout=30)
            first, second, third = jobs.failed
            assert jobs.failed.count(flaky.call("refused")) == 2 and jobs.dead.count(odd) == 1
            error = jobs.dead.only(flaky).error
            assert isinstance(error, ConnectionError) and str(error) == "refused"
            assert "in the worker's process" in error.__notes__[0] and "elsewhere.py" in error.__notes__[0]
            assert str(jobs.dead.only(odd).error) == "Odd: this and that"
        """,
        head=HEAD,
    ).assert_outcomes(passed=2)


@pytest.mark.realtime
def test_a_crash_loses_nothing(elsewhere: Project) -> None:
    elsewhere.run(
        """
        def test_it(jobs, jobkit_worker, tmp_path):
            path = tmp_path / "starts"
            worker = jobkit_worker("elsewhere:app", lease=1)
            endures.enqueue(str(path))
            while not path.exists() or path.read_text() != "x":
                time.sleep(0.005)
            worker.kill()
            jobkit_worker("elsewhere:app", lease=1)
            assert jobs.wait_for(endures, timeout=30).attempt == 2
            assert path.read_text() == "xx"
        """,
        head=HEAD,
    ).assert_outcomes(passed=1)


@pytest.mark.realtime
def test_it_stops_well_and_with_the_test(elsewhere: Project) -> None:
    elsewhere.run(
        """
        pids = []

        def test_it(jobs, jobkit_worker):
            first = jobkit_worker("elsewhere:app")
            first.stop()
            first.stop()
            assert "stopped: 0 executions ended" in first.log
            pids.append(jobkit_worker("elsewhere:app").pid)

        def test_it_ended():
            with pytest.raises(ProcessLookupError):
                os.kill(pids[0], 0)
        """,
        head=HEAD,
    ).assert_outcomes(passed=2)


@pytest.mark.realtime
def test_one_that_ends_by_itself_fails_the_test_with_its_log(elsewhere: Project) -> None:
    result = elsewhere.run(
        """
        def test_waiting(jobs, jobkit_worker):
            jobkit_worker("elsewhere:app")
            send.enqueue(3)
            jobs.wait_for(send, timeout=30)
            leave.enqueue(3)
            jobs.wait_for(leave, timeout=30)

        def test_not_looking(jobs, jobkit_worker):
            worker = jobkit_worker("elsewhere:app")
            leave.enqueue(4)
            while not worker.lost:
                time.sleep(0.005)
        """,
        head=HEAD,
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*leave: the worker elsewhere:app (process *) ended by itself, with exit code 3",
            "E*#3 is like that, and is running*",
            "*Captured log of the worker elsewhere:app (process *)*",
            "INFO *taking jobs from*",
            "sending to 3",
            "*Captured log of the worker*",
            "FAILED *::test_waiting - *",
            "FAILED *::test_not_looking - Failed: the worker elsewhere:app*",
        ]
    )


@pytest.mark.realtime
def test_one_that_can_not_begin_says_why(elsewhere: Project) -> None:
    result = elsewhere.run(
        """
        def test_unknown(jobs, jobkit_worker):
            with pytest.raises(jobkit.ConfigurationError, match="did you mean 'mail'"):
                jobkit_worker("elsewhere:app", queues=["mial"])

        def test_no_app(jobkit_worker):
            with pytest.raises(jobkit.ConfigurationError, match="elsewhere:app"):
                jobkit_worker("elsewhere:apps")

        def test_not_by_name(jobkit_worker):
            with pytest.raises(TypeError, match="another process finds the app by name.*not App"):
                jobkit_worker(app)
        """,
        head=HEAD,
    )
    result.assert_outcomes(passed=3)


def test_a_store_of_one_process_skips_by_name(elsewhere: Project) -> None:
    result = elsewhere.run(
        """
        def test_it(jobkit_worker):
            raise AssertionError
        """,
        "-rs",
        head=HEAD.replace('backend="sqlite"', 'backend="inline"'),
    )
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        [
            "    lacks shared: test_it.py::test_it",
            "SKIPPED*the backend inline lacks: shared; a worker in another process needs a store that both see: *",
        ]
    )


def test_it_goes_by_the_real_clock(elsewhere: Project) -> None:
    elsewhere.run(
        """
        def test_it(jobs, jobkit_worker):
            before = jobs.now
            while jobs.now == before:
                time.sleep(0.001)
            with pytest.raises(jobkit.ConfigurationError, match="goes by the real clock"):
                jobs.advance(hours=1)

        def test_asked_for_too_late(jobs, request):
            send.enqueue(1)
            with pytest.raises(jobkit.ConfigurationError, match="among its arguments"):
                request.getfixturevalue("jobkit_worker")
            jobs.ignore(send)
        """,
        head=HEAD,
    ).assert_outcomes(passed=2)


@pytest.mark.realtime
def test_with_a_server(elsewhere: Project) -> None:
    elsewhere.run(
        """
        async def test_it(jobs, jobkit_worker):
            jobkit_worker("elsewhere:app")
            await send.aenqueue(7)
            assert (await jobs.await_for(note, timeout=30)).parent == send.call(7)
        """,
        head=HEAD.replace('backend="sqlite"', 'backend="redis"'),
    ).assert_outcomes(passed=1)


# Waiting, beside a worker in this process.


def test_waiting_for_a_worker_in_this_process(project: Project) -> None:
    project.passes("""
        import asyncio, threading

        async def test_on_the_loop(jobs):
            async with jobkit.Worker(app):
                await send_welcome.aenqueue(7)
                entry = await jobs.await_for(push_crm.call(7))
            assert entry.parent == send_welcome.call(7) and entry == jobs.performed[1]

        def test_from_a_thread(jobs):
            stop = threading.Event()
            async def work():
                async with jobkit.Worker(app):
                    await asyncio.to_thread(stop.wait)
            worker = threading.Thread(target=asyncio.run, args=(work(),))
            worker.start()
            remind.enqueue(1)
            assert jobs.wait_for(remind).args == {"order_id": 1}
            stop.set()
            worker.join()

        def test_what_was_performed_already(jobs):
            remind.enqueue(1)
            jobs.perform()
            assert jobs.wait_for(remind.call(1)).state == "succeeded"

        async def test_on_a_loop_the_twin_is_named(jobs):
            with pytest.raises(jobkit.RunningLoop, match=r"await jobs.await_for\\(\\)"):
                jobs.wait_for(remind)

        def test_how_long(jobs):
            for never in (0, -1, float("nan")):
                with pytest.raises(ValueError, match="more than 0"):
                    jobs.wait_for(remind, timeout=never)
    """)


def test_waiting_in_vain_says_where_such_jobs_stand(project: Project) -> None:
    result = project.run("""
        def test_nobody_works(jobs):
            remind.enqueue(1)
            jobs.wait_for(remind.call(1), timeout=0.01)

        async def test_not_like_that(jobs):
            await remind.aenqueue(1)
            await jobs.aperform()
            await jobs.await_for(remind.call(2), timeout=0.01)
    """)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*remind.call(order_id=1): not performed within 0.01 seconds",
            "E*#1 is like that, and is pending: jobs.perform() performs it",
            "E*remind.call(order_id=2): not performed within 0.01 seconds",
            "E*closest is #1, enqueued at test_it.py:*, with 0 of 1 equal",
        ]
    )
