"""``--jobkit-isolate=process``: a job sees nothing of the test's process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.realtime

WORLD = """
    from __future__ import annotations

    import os

    import jobkit

    app = jobkit.App()
    cache = {"tenant": "nobody"}


    @app.job
    def tenant() -> str:
        return cache["tenant"]


    @app.job
    def where() -> int:
        return os.getpid()


    @app.job(retry=jobkit.Retry(attempts=2, on=ConnectionError, wait=1))
    def fail(kind: str) -> None:
        if kind == "refused":
            raise ConnectionError(kind)
        if kind == "odd":
            raise Odd(kind, 7)
        if kind == "exit":
            os._exit(3)
        raise ValueError(kind)


    class Odd(Exception):
        def __init__(self, text, number):
            super().__init__(text)


    @app.job
    def parent(number: int) -> None:
        child.enqueue(number)
        child.using(delay=60).enqueue(number + 1)


    @app.job
    async def aparent(number: int) -> str:
        receipt = await child.aenqueue(number)
        return receipt.status.value


    @app.job
    def child(number: int) -> int:
        print("the child says", number)
        return number


    @app.job
    def careful() -> str:
        try:
            child.enqueue(1)
        except jobkit.BackendUnavailable:
            return "down"
        return "up"


    @app.job(retry=jobkit.Retry(attempts=5, on=ConnectionError, wait=1))
    def long() -> int:
        job = jobkit.current_job()
        done = job.last_checkpoint(int, 0)
        job.checkpoint(done + 1)
        if done < 2:
            raise ConnectionError
        return done
"""

HEAD = """
    import os
    import pytest
    import jobkit
    from world import *
    import world

"""


@pytest.fixture
def world(project: Project) -> Project:
    project.write("world.py", WORLD)
    return project


def passes(project: Project, tests: str, *args: str) -> None:
    result = project.run(tests, "--jobkit-isolate=process", *args, head=HEAD)
    result.assert_outcomes(passed=tests.count("def test_"))


def test_globals_of_the_test_are_not_seen(world: Project) -> None:
    passes(
        world,
        """
        def test_apart(jobs, monkeypatch):
            monkeypatch.setitem(world.cache, "tenant", "acme")
            tenant.enqueue()
            where.enqueue()
            first, second = jobs.perform()
            assert first.value == "nobody"
            assert second.value != os.getpid()
            assert jobs.run(tenant.call()).value == "nobody"

        @pytest.mark.jobkit(isolate=False)
        def test_not_apart(jobs, monkeypatch):
            monkeypatch.setitem(world.cache, "tenant", "acme")
            assert jobs.run(tenant.call()).value == "acme"

        async def test_asynchronous(jobs):
            await aparent.aenqueue(1)
            outcomes = await jobs.aperform()
            assert [each.value for each in outcomes] == ["accepted", 1]
        """,
    )


def test_the_marker_alone_will_do(world: Project) -> None:
    result = world.run(
        """
        @pytest.mark.jobkit(isolate="process")
        def test_apart(jobs):
            assert jobs.run(where.call()).value != os.getpid()

        def test_not_apart(jobs):
            assert jobs.run(where.call()).value == os.getpid()
        """,
        head=HEAD,
    )
    result.assert_outcomes(passed=2)


def test_errors_and_outcomes_come_back(world: Project) -> None:
    passes(
        world,
        """
        def test_raised(jobs):
            fail.enqueue("bad")
            with pytest.raises(ValueError, match="bad") as caught:
                jobs.perform()
            assert any("world.py" in note and "in fail" in note for note in caught.value.__notes__)

        def test_covered(jobs):
            fail.enqueue("refused")
            jobs.perform()
            assert fail.call("refused") in jobs.failed
            jobs.advance(seconds=1)
            assert fail.call("refused") in jobs.dead

        def test_an_error_that_can_not_travel_says_the_same(jobs):
            error = jobs.run(fail.call("odd")).error
            assert "Odd: odd" in str(error)
        """,
    )


def test_what_a_job_enqueues_is_in_the_logs_with_its_parent_and_its_line(world: Project) -> None:
    passes(
        world,
        """
        def test_it(jobs):
            parent.enqueue(1)
            jobs.perform()
            assert child.call(1).by(parent) in jobs.performed
            assert child.call(2).by(parent).after(60) in jobs.pending
            assert str(jobs.enqueued[1].site).startswith("world.py:")
            jobs.advance(seconds=60)
            assert child.call(2) in jobs.performed

        def test_outages_reach_it(jobs):
            careful.enqueue()
            with jobs.broker_down():
                assert jobs.perform()[0].value == "down"
            assert jobs.run(careful.call()).value == "up"
            jobs.perform()

        @pytest.mark.jobkit(perform="inline")
        def test_so_does_performing_at_once(jobs):
            parent.enqueue(1)
            assert child.call(1).by(parent) in jobs.performed
            jobs.ignore(child)

        def test_checkpoints_are_kept(jobs):
            long.enqueue()
            jobs.advance(seconds=5)
            assert jobs.performed.only(long).attempt == 3
            assert jobs.run(long.call(), checkpoint=2).value == 2
        """,
        "--jobkit-backend=inline",
    )
    of_a_file = ("--jobkit-backend=sqlite", "-k", "not outages and not once")
    world.again("--jobkit-isolate=process", *of_a_file).assert_outcomes(passed=2, deselected=2)


def test_what_can_not_be_isolated_says_why(world: Project) -> None:
    result = world.run(
        """
        own = jobkit.App()

        @own.job(name="local", retry=jobkit.Retry(on=Exception))
        def outside(): ...

        def test_closure(jobs):
            seen = []
            @own.job(name="closure", retry=jobkit.Retry(on=Exception))
            def closure(): seen.append(1)
            closure.enqueue()
            jobs.perform()

        def test_ended(jobs):
            fail.enqueue("exit")
            jobs.perform()
        """,
        "--jobkit-isolate=process",
        head=HEAD,
    )
    result.assert_outcomes(failed=2)
    said = " ".join(result.stdout.str().split())
    assert "NotIsolated: test_closure.<locals>.closure is declared inside of a function" in said
    assert "the process of world.fail ended by itself, with exit code 3, and said nothing of the job" in said


@pytest.mark.parametrize("session", ["the job's", "its own"])
def test_a_process_that_its_job_left_behind_holds_up_nobody(world: Project, session: str) -> None:
    """It has every descriptor of the job's process, which exits; in the job's session it ends with it."""
    world.write(
        "leaving.py",
        f"""
        import os, signal, time
        from pathlib import Path
        import jobkit

        app = jobkit.App()

        @app.job
        def leave() -> None:
            if (pid := os.fork()) == 0:
                if {session == "its own"}:
                    os.setsid()
                Path("begun").touch()
                time.sleep(600)
            Path("pid").write_text(str(pid))
            while not Path("begun").exists():
                time.sleep(0.001)
            os._exit(3)
        """,
    )
    result = world.run(
        """
        from leaving import leave

        def test_it(jobs):
            leave.enqueue()
            jobs.perform()
        """,
        "--jobkit-isolate=process",
        head=HEAD,
    )
    result.assert_outcomes(failed=1)
    assert "ended by itself, with exit code 3, and said nothing of the job" in " ".join(result.stdout.str().split())
    left = int((world.path / "pid").read_text())
    if session == "its own":
        os.kill(left, signal.SIGKILL)
    while lives(left):
        time.sleep(0.01)


def lives(pid: int) -> bool:
    """Return True if a process runs; one that has exited and that nobody waits for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_module_that_can_not_be_imported_anew_is_named(world: Project) -> None:
    (world.path / "fragile.py").write_text(
        "import sys, jobkit\napp = jobkit.App()\n@app.job\ndef work(): ...\n"
        "if 'test_it' not in sys.modules:\n    raise OSError('not here')\n"
    )
    result = world.run(
        """
        def test_it(jobs):
            from fragile import work
            work.enqueue()
            jobs.perform()
        """,
        "--jobkit-isolate=process",
        head=HEAD,
    )
    result.assert_outcomes(failed=1)
    assert "importing fragile anew raises OSError: not here" in " ".join(result.stdout.str().split())


def test_what_it_prints_is_captured(world: Project) -> None:
    result = world.apart(
        """
        def test_it(jobs):
            child.enqueue(5)
            jobs.perform()
            assert False
        """,
        "--jobkit-isolate=process",
        head=HEAD,
    )
    result.stdout.fnmatch_lines(["*Captured stderr call*", "the child says 5"])


def test_an_unknown_way_is_refused(world: Project) -> None:
    result = world.run("@pytest.mark.jobkit(isolate='thread')\ndef test_it(jobs): pass\n", head=HEAD)
    assert "jobkit(isolate=...) does not know 'thread'" in result.stdout.str()
