"""The sweep: a worker dies at each effect point of each job, one run a point."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import HEAD, Project

SWEPT = (
    HEAD
    + """
    import asyncio
    from contextlib import suppress

    app = jobkit.App("redis://production.invalid")
    log = []
    runs = []

    @pytest.fixture(autouse=True)
    def _log():
        log.clear()
        yield
        runs.append(list(log))

    async def pause():
        await asyncio.sleep(0)

    @app.job
    async def walks(n: int) -> None:
        log.append("begin")
        await asyncio.sleep(0)
        log.append("slept")
        await shop.push_crm.aenqueue(n)
        log.append("enqueued")
        await pause()
        log.append("paused")
        with suppress(LookupError):
            await raises()
        await asyncio.gather(pause(), pause())
        log.append("end")

    async def raises():
        await asyncio.sleep(0)
        raise LookupError

    @app.job
    def marches(n: int) -> None:
        job = jobkit.this_job()
        for step in range(job.last_checkpoint(int, 0), n):
            log.append(step)
            job.checkpoint(step + 1)

    @app.job
    async def strides(n: int) -> None:
        job = jobkit.this_job()
        for step in range(job.last_checkpoint(int, 0), n):
            log.append(step)
            await job.acheckpoint(step + 1)

    @app.job
    def swallows(n: int) -> None:
        try:
            shop.push_crm.enqueue(n)
        except BaseException:
            log.append("swallowed")

    @app.job
    def cleans_up(n: int) -> None:
        try:
            shop.push_crm.enqueue(n)
        finally:
            log.append("cleaned up")

"""
)


def test_it_dies_at_each_enqueue_and_each_await(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos="sweep")
        async def test_it(jobs):
            await walks.aenqueue(1)
            await jobs.aperform(only=walks)
            assert log[-5:] == ["begin", "slept", "enqueued", "paused", "end"]
            jobs.ignore(shop.push_crm)

        def test_where():
            deaths = {tuple(each[: -5]) for each in runs}
            assert deaths == {
                (),  # it was not lost, or before it began
                ("begin",),  # while it slept, or before its enqueue
                ("begin", "slept"),
                ("begin", "slept", "enqueued"),
                ("begin", "slept", "enqueued", "paused"),
                ("begin", "slept", "enqueued", "paused", "end"),
            }
            # two clean ones; before and after; two points of the enqueue; sleep, pause, raises, gather; one to report
            assert len(runs) == 2 + 2 + 2 + 4 + 1
        """,
        head=SWEPT,
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("job", ["marches", "strides"])
def test_it_dies_before_and_after_each_checkpoint(project: Project, job: str) -> None:
    result = project.run(
        f"""
        @pytest.mark.jobkit(chaos="sweep")
        def test_it(jobs):
            {job}.enqueue(3)
            jobs.perform()

        def test_where():
            again = sorted(each for each in runs if each != [0, 1, 2])
            assert again == [[0, 0, 1, 2], [0, 1, 1, 2], [0, 1, 2, 2]]  # what was stored is not done again
            assert len(runs) == 2 + 1 + 1 + 6 + 1
        """,
        head=SWEPT,
    )
    result.assert_outcomes(passed=2)


def test_what_breaks_is_told_point_by_point(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos="sweep")
        def test_it(jobs):
            marches.enqueue(2)
            jobs.perform()
            assert log == [0, 1]
        """,
        head=SWEPT,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "marches(n=2) was begun twice: the first worker died before its checkpoint at test_it.py:*",
            "it breaks at 2 of the 6 points at which a worker can die here",
            "  marches(n=2) was begun twice: * before its checkpoint at test_it.py:*  (crash-at=3:marches)",
            "see it again:  pytest test_it.py::test_it --jobkit-replay=crash-at:marches",
        ]
    )
    again = project.again("--jobkit-replay=crash-at=3:marches")
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["E*assert [[]0, 1, 1[]] == [[]0, 1[]]", "E*died before its checkpoint at test_it.py:*"])


def test_a_job_that_can_not_be_killed_is_refused(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos="sweep", allow=[shop.push_crm])
        def test_it(jobs):
            swallows.enqueue(1)
            jobs.perform(only=swallows)
        """,
        head=SWEPT,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "chaos can't judge this job: it went on after its worker had died",
            "  swallows(n=1) was begun twice: the first worker died before it enqueued push_crm at test_it.py:*",
            "  it catches BaseException, or all exceptions without naming one; a crash is not caught by anybody",
        ]
    )


def test_cleaning_up_is_no_swallowing(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos="sweep")
        def test_it(jobs):
            cleans_up.enqueue(1)
            jobs.perform(only=cleans_up)
            jobs.ignore(shop.push_crm)
        """,
        head=SWEPT,
    )
    result.assert_outcomes(passed=1)


def test_what_it_does_after_its_enqueue_is_lost(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos="sweep")
        def test_it(jobs):
            send_welcome.enqueue(1)
            jobs.perform()
            assert done.count(("push_crm", 1)) == 1
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "send_welcome(user_id=1) was begun twice: the first worker died after it had enqueued push_crm(*) at *; *",
        ]
    )
