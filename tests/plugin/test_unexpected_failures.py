"""Jobs that failed, and nobody expected them to."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project


def test_a_job_that_died_of_a_covered_error_fails_the_test(project: Project) -> None:
    result = project.run("""
        def test_it(jobs):
            charge.enqueue(13)
            jobs.advance(minutes=1)
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_it _*",
            "1 job failed, and nothing in this test expected that:",
            "  #1 charge(order_id=13)  attempt 3, enqueued at test_it.py:13",
            "    ConnectionError: refused",
            '      File "*shop.py", line 31, in charge',
            '        raise ConnectionError("refused")',
            "    expect it:  assert charge.call(order_id=13) in jobs.failed",
            "*Captured jobs*",
        ]
    )
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_it - Failed: 1 job failed, and nothing in this test*"])


@pytest.mark.parametrize("expected", ["charge in jobs.failed", "charge.call(13) in jobs.dead", "jobs.dead == [charge]"])
def test_it_is_expected_when_the_test_looked_for_it(project: Project, expected: str) -> None:
    project.passes(f"""
        def test_it(jobs):
            charge.enqueue(13)
            jobs.advance(minutes=1)
            assert {expected}
    """)


@pytest.mark.parametrize(
    "look", ["charge in jobs.enqueued", "len(jobs.failed) == 3", "list(jobs.dead)", "charge.call(1) not in jobs.failed"]
)
def test_looking_elsewhere_is_not_expecting(project: Project, look: str) -> None:
    result = project.run(f"""
        def test_it(jobs):
            charge.enqueue(13)
            jobs.advance(minutes=1)
            assert {look}
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1 job failed, and nothing in this test expected that:"])


def test_what_is_expected_by_itself(project: Project) -> None:
    project.passes("""
        def test_what_left_a_verb(jobs):
            charge.enqueue(14)
            with pytest.raises(ValueError):
                jobs.perform()

        def test_what_a_rule_covers_while_the_job_lives(jobs):
            charge.enqueue(13)
            jobs.perform()

        def test_what_is_discarded(jobs):
            charge.enqueue(15)
            jobs.perform()

        def test_what_succeeded_in_the_end(jobs):
            @app.job(name="flaky", retry=jobkit.Retry(wait=1))
            def flaky() -> None:
                if jobkit.current_job().attempt < 3:
                    raise ValueError
            flaky.enqueue()
            jobs.advance(minutes=1)
            assert flaky in jobs.performed

        def test_what_stands_in_an_outcome_of_run(jobs):
            assert jobs.run(charge.call(13), attempt=3).state == "dead"
    """)


def test_a_worker_in_the_test_fails_it_too(project: Project) -> None:
    result = project.run("""
        import asyncio

        async def work():
            async with jobkit.Worker(app):
                while app.jobs and not done:
                    await asyncio.sleep(0.001)

        async def test_it():
            await charge.aenqueue(14)
            await work()

        async def test_expected(jobs):
            await charge.aenqueue(14)
            await work()
            assert charge.call(14) in jobs.dead
    """)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["  #1 charge(order_id=14)  attempt 1, enqueued at test_it.py:20", "    ValueError: bad order"]
    )


def test_the_tests_own_assertion_wins(project: Project) -> None:
    result = project.run("""
        def test_it(jobs):
            charge.enqueue(13)
            jobs.advance(minutes=1)
            assert "mine" == "yours"
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert 'mine' == 'yours'"])
    result.stdout.no_fnmatch_line("*nothing in this test expected*")
