"""``jobs.before_attempt``: the world changes between attempts."""

from __future__ import annotations

from tests.plugin.conftest import Project


def test_the_world_changes_before_an_attempt(project: Project) -> None:
    project.passes("""
        import asyncio, threading

        up = []

        @app.job(name="call_bank", retry=jobkit.Retry(attempts=5, on=ConnectionError, wait=10))
        def call_bank(order_id: int) -> str:
            if not up:
                raise ConnectionError
            return up[0]

        @pytest.fixture(autouse=True)
        def down():
            up.clear()

        def test_before_the_third(jobs):
            jobs.before_attempt(call_bank.call(1), 3, lambda: up.append(threading.current_thread().name))
            call_bank.enqueue(1)
            jobs.advance(minutes=1)
            assert [entry.attempt for entry in jobs.failed] == [1, 2]
            assert jobs.performed.only().attempt == 3
            assert up == [threading.current_thread().name]

        def test_only_for_those_that_match(jobs):
            jobs.before_attempt(call_bank.call(2), 1, lambda: up.append("yes"))
            call_bank.enqueue(1)
            jobs.perform()
            assert up == [] and len(jobs.failed) == 1

        async def test_it_may_be_asynchronous(jobs):
            loops = []
            async def change():
                loops.append(asyncio.get_running_loop())
                up.append("yes")
            jobs.before_attempt(call_bank, 2, change)
            await call_bank.aenqueue(1)
            await jobs.aadvance(minutes=1)
            assert jobs.performed.only().attempt == 2
            assert loops == [asyncio.get_running_loop()]

        def test_its_own_error_leaves_the_verb_and_costs_no_attempt(jobs):
            def broken():
                if not up:
                    up.append("now")
                    raise ZeroDivisionError
            jobs.before_attempt(call_bank, 1, broken)
            call_bank.enqueue(1)
            with pytest.raises(ZeroDivisionError):
                jobs.perform()
            assert jobs.pending == [call_bank] and jobs.failed == []
            jobs.perform()
            assert jobs.performed.only().attempt == 1

        def test_attempts_are_counted_from_one(jobs):
            with pytest.raises(ValueError, match="counted from 1"):
                jobs.before_attempt(call_bank, 0, print)
            with pytest.raises(TypeError, match="look for job.call"):
                jobs.before_attempt("call_bank", 1, print)
    """)
