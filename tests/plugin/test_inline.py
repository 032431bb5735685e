"""``jobs.inline``: performed inside their own enqueue."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project


@pytest.mark.parametrize("backend", ["inline", "fakeredis"])
def test_due_jobs_are_performed_before_the_enqueue_returns(project: Project, backend: str) -> None:
    project.passes(
        """
        def test_from_plain_code(jobs):
            with jobs.inline():
                assert send_welcome.enqueue(1)
                assert done == [("send_welcome", 1), ("push_crm", 1)]
            assert jobs.performed == [push_crm, send_welcome]

        async def test_from_asynchronous_code(jobs):
            with jobs.inline():
                assert await send_welcome.aenqueue(1)
                assert done == [("send_welcome", 1), ("push_crm", 1)]

        def test_only_inside_the_block(jobs):
            with jobs.inline():
                pass
            push_crm.enqueue(1)
            assert done == [] and push_crm in jobs.pending

        def test_not_what_was_there_before(jobs):
            remind.enqueue(1)
            with jobs.inline():
                push_crm.enqueue(1)
            assert done == [("push_crm", 1)] and jobs.pending == [remind]

        def test_delayed_ones_and_retries_wait(jobs):
            with jobs.inline():
                place_order(1)
                charge.enqueue(13)
            assert done == [("charge", 13)]
            assert jobs.pending == [remind, charge]
            assert jobs.failed.only().state == "retrying"

        def test_a_batch_in_its_order(jobs):
            with jobs.inline():
                app.enqueue_many([remind.call(1), remind.using(priority=5).call(2)])
            assert done == [("remind", 2), ("remind", 1)]

        def test_only_some(jobs):
            with jobs.inline(only=[send_welcome, audit.call("a")]):
                sign_up(1)
                audit.enqueue("a")
            assert done == [("send_welcome", 1), ("audit", "a")]
            assert jobs.pending == [push_crm.call(1), audit.call("signup")]
        """,
        f"--jobkit-backend={backend}",
    )


def test_an_error_that_no_rule_covers_leaves_the_enqueue(project: Project) -> None:
    project.passes("""
        def test_into_the_test(jobs):
            with jobs.inline(), pytest.raises(ValueError, match="bad order") as raised:
                charge.enqueue(14)
            assert "raised by #1 charge(order_id=14)" in raised.value.__notes__[0]

        def test_out_of_the_block(jobs):
            with pytest.raises(ValueError):
                with jobs.inline():
                    charge.enqueue(14)

        async def test_from_the_awaited_one(jobs):
            with jobs.inline():
                with pytest.raises(ValueError):
                    await charge.aenqueue(14)

        def test_through_the_job_that_enqueued(jobs):
            @app.job(name="parent")
            async def parent() -> None:
                await charge.aenqueue(14)
            with jobs.inline(), pytest.raises(ValueError):
                parent.enqueue()
            assert [entry.job.name for entry in jobs.dead] == ["shop.charge", "parent"]
    """)


def test_an_error_that_the_app_swallows_fails_the_test(project: Project) -> None:
    project.write(
        "careless.py",
        """
        from shop import charge

        def checkout(order_id):
            try:
                charge.enqueue(order_id)
            except Exception:
                pass
        """,
    )
    result = project.run("""
        import careless

        def test_it(jobs):
            with jobs.inline():
                careless.checkout(14)
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "1 job failed, and nothing in this test expected that:",
            "  #1 charge(order_id=14)  attempt 1, enqueued at careless.py:5",
            "    ValueError: bad order",
        ]
    )


def test_where_jobs_run(project: Project) -> None:
    project.passes("""
        import asyncio, threading

        where = {}

        @app.job(name="plain")
        def plain() -> None:
            where["plain"] = threading.current_thread()

        @app.job(name="awaits")
        async def awaits() -> None:
            where["awaits"] = asyncio.get_running_loop()

        @app.job(name="plain_parent")
        def plain_parent() -> None:
            awaits.enqueue()

        @app.job(name="awaiting_parent")
        async def awaiting_parent() -> None:
            await plain.aenqueue()

        @pytest.fixture(autouse=True)
        def _nowhere():
            where.clear()

        def test_plain_ones_in_the_tests_thread_whoever_enqueues(jobs):
            with jobs.inline():
                plain.enqueue()
                assert where.pop("plain") is threading.current_thread()
                awaiting_parent.enqueue()
                assert where.pop("plain") is threading.current_thread()

        async def test_asynchronous_ones_on_the_tests_loop_whoever_enqueues(jobs):
            here = asyncio.get_running_loop()
            with jobs.inline():
                await awaits.aenqueue()
                assert where.pop("awaits") is here
                await plain_parent.aenqueue()
                assert where.pop("awaits") is here
                await asyncio.to_thread(awaits.enqueue)
                assert where.pop("awaits") is here
                await awaiting_parent.aenqueue()
                assert where.pop("plain") is not threading.current_thread()
    """)


def test_jobs_inside_each_other_for_ever_are_stopped(project: Project) -> None:
    project.passes("""
        from pytest_jobkit import TooManyPerforms

        @app.job(name="page")
        def page(n: int) -> None:
            done.append(n)
            page.enqueue(n + 1)

        @app.job(name="apage")
        async def apage(n: int) -> None:
            done.append(n)
            await apage.aenqueue(n + 1)

        def test_plain(jobs):
            with jobs.inline(), pytest.raises(TooManyPerforms, match=r"running inside each other: page\\(n=1\\) -> "):
                page.enqueue(1)
            assert 10 < len(done) < 100
            jobs.ignore(page)

        @app.job(name="stubborn", retry=jobkit.Retry())
        def stubborn(n: int) -> None:
            done.append(n)
            stubborn.enqueue(n + 1)

        def test_whatever_their_rules(jobs):
            with jobs.inline():
                with pytest.raises(TooManyPerforms):
                    stubborn.enqueue(1)
                assert 10 < len(done) < 100
                remind.enqueue(1)
            jobs.ignore(stubborn)

        def test_asynchronous(jobs):
            with jobs.inline(), pytest.raises(TooManyPerforms, match="apage is enqueued by apage at test_it.py:"):
                apage.enqueue(1)
            assert 10 < len(done) < 100
            jobs.ignore(apage)
    """)


def test_the_marker_asks_for_it(project: Project) -> None:
    project.passes("""
        @pytest.mark.jobkit(perform="inline")
        def test_the_whole_test(jobs):
            send_welcome.enqueue(1)
            assert done == [("send_welcome", 1), ("push_crm", 1)]

        @pytest.mark.jobkit(perform="inline")
        def test_without_the_fixture():
            send_welcome.enqueue(1)
            assert done == [("send_welcome", 1), ("push_crm", 1)]

        @pytest.mark.jobkit(perform="inline")
        async def test_asynchronous():
            await send_welcome.aenqueue(1)
            assert done == [("send_welcome", 1), ("push_crm", 1)]

        def test_others_are_not_asked():
            send_welcome.enqueue(1)
            assert done == []

        @pytest.mark.jobkit(perform="inline")
        class TestMany:
            def test_by_the_class(self):
                remind.enqueue(1)
                assert done == [("remind", 1)]

            @pytest.mark.jobkit(perform="manual")
            def test_the_closest_marker_wins(self):
                remind.enqueue(1)
                assert done == []
    """)
