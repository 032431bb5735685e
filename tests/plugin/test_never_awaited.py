"""An ``aenqueue`` that nobody awaited."""

from __future__ import annotations

from tests.plugin.conftest import Project, captured


def test_it_fails_the_test_with_the_line_that_made_it(project: Project) -> None:
    result = project.run("""
        async def test_it():
            push_crm.aenqueue(1)

        async def test_in_the_app():
            app.aenqueue_many([audit.call("a"), audit.call("b")])

        def test_plain():
            push_crm.aenqueue(2)

        def test_others_pass():
            pass
    """)
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines(
        [
            "1 aenqueue was never awaited, so nothing was enqueued:",
            "  push_crm.call(user_id=1)  made at test_it.py:13",
            "*1 aenqueue was never awaited, so nothing was enqueued:",
            "  audit.call(action='a')  made at test_it.py:16",
            "  audit.call(action='b')  made at test_it.py:16",
            "*  push_crm.call(user_id=2)  made at test_it.py:19",
        ]
    )
    assert "warning" not in result.stdout.str()
    assert captured(result) == ["never awaited: push_crm.call(user_id=1)  test_it.py:13"]


def test_however_it_is_awaited_it_counts(project: Project) -> None:
    project.passes("""
        import asyncio

        async def test_directly():
            await push_crm.aenqueue(1)

        async def test_as_a_task(jobs):
            await asyncio.create_task(push_crm.aenqueue(1))
            assert str(jobs.enqueued.only(push_crm).site) == "test_it.py:18"

        async def test_in_a_group(jobs):
            async with asyncio.TaskGroup() as group:
                group.create_task(push_crm.aenqueue(1))
                group.create_task(push_crm.aenqueue(2))
            assert jobs.enqueued.count(push_crm) == 2

        async def test_later(jobs):
            later = push_crm.aenqueue(1)
            assert jobs.enqueued == []
            await later
            assert str(jobs.enqueued.only(push_crm).site) == "test_it.py:28"

        async def test_closed_on_purpose(jobs):
            push_crm.aenqueue(1).close()
            assert jobs.enqueued == []

        def test_in_a_loop_of_its_own(jobs):
            async def main():
                await push_crm.aenqueue(1)
            asyncio.run(main())
            assert push_crm in jobs.enqueued
    """)


def test_the_tests_own_assertion_wins_and_the_timeline_tells(project: Project) -> None:
    result = project.run("""
        async def test_it():
            push_crm.aenqueue(1)
            assert 1 == 2
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert 1 == 2"])
    result.stdout.no_fnmatch_line("*made at*")
    assert captured(result) == ["never awaited: push_crm.call(user_id=1)  test_it.py:13"]


def test_in_a_job(project: Project) -> None:
    result = project.run("""
        @app.job(name="forgets")
        async def forgets() -> None:
            push_crm.aenqueue(1)

        def test_it(jobs):
            forgets.enqueue()
            jobs.perform()
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  push_crm.call(user_id=1)  made at test_it.py:14"])
