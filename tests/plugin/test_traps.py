"""The traps that users of other systems' test modes fall into, one test each: here nobody does.

They were seen in huey, taskiq, Celery, RQ, dramatiq, procrastinate, Django, Rails, Sidekiq and Laravel.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

import jobkit
from jobkit.enqueue.context import EnqueueContext
from pytest_jobkit import Jobs, TooManyPerforms
from tests.plugin.conftest import INI, Project

app = jobkit.App("redis://production.invalid")
seen: list[object] = []
around: list[str] = []


def counting(outgoing: EnqueueContext) -> Iterator[None]:
    around.append(f"enqueue {outgoing.job.rpartition('.')[2]}")
    yield
    around.append("enqueued")


app.queue("watched", enqueue=[counting])


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()
    around.clear()


@app.job
def keep(value: dict[str, object]) -> None:
    seen.append(value)


@app.job
def on_day(day: date, names: tuple[str, ...] = ()) -> None:
    seen.append((day, names))


@app.job(queue="watched")
def watch(number: int) -> int:
    return number


@app.job(retry=jobkit.Retry(attempts=20, on=ConnectionError, wait=86_400))
def unlucky() -> None:
    raise ConnectionError


@app.job(retry=jobkit.Retry(attempts=5, on=Exception, wait=0))
def asserts(number: int) -> None:
    assert number == 1


@app.job
def broken() -> float:
    return 1 / 0


@app.job
def parent(depth: int) -> None:
    if depth:
        parent.enqueue(depth - 1)


@app.job
def forever() -> None:
    forever.enqueue()


def test_the_coder_is_skipped(jobs: Jobs) -> None:
    """A job is handed what came through the coder, never the object itself, whichever way it is performed."""
    value: dict[str, object] = {"a": [1]}
    keep.enqueue(value)
    jobs.perform()
    jobs.run(keep.call(value))
    with jobs.inline():
        keep.enqueue(value)
    assert seen == [value] * 3
    assert not any(each is value for each in seen)


def test_a_later_change_of_an_argument_is_seen(jobs: Jobs) -> None:
    value: dict[str, object] = {"a": 1}
    keep.enqueue(value)
    value["a"] = 2
    jobs.perform()
    assert seen == [{"a": 1}]
    assert keep.call({"a": 1}) in jobs.enqueued


def test_types_change_silently(jobs: Jobs) -> None:
    """What is annotated comes back as it was; what would not is refused where it is enqueued."""
    on_day.enqueue(date(2026, 2, 28), ("Ada",))
    jobs.perform()
    assert seen == [(date(2026, 2, 28), ("Ada",))]
    for lossy in ((1, 2), {1: "int key"}, {1, 2}, object()):
        with pytest.raises(jobkit.LossyArgument):
            keep.enqueue({"value": lossy})
    assert keep not in jobs.enqueued


def test_errors_are_swallowed(jobs: Jobs) -> None:
    broken.enqueue()
    with pytest.raises(ZeroDivisionError) as caught:
        jobs.perform()
    (note,) = caught.value.__notes__
    assert note.startswith("raised by #1 broken(), attempt 1, enqueued at tests/plugin/test_traps.py:")


def test_what_nobody_looked_at_fails_the_test(project: Project) -> None:
    result = project.run("""
        def test_dead(jobs):
            charge.enqueue(13)
            jobs.advance(hours=1)
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED *test_dead - Failed: 1 job failed, and nothing *"])


def test_a_failing_job_hangs_the_test(jobs: Jobs) -> None:
    """Twenty attempts a day apart take no time."""
    unlucky.enqueue()
    jobs.advance(days=30)
    assert jobs.dead.only(unlucky).attempt == 20
    assert len(jobs.failed) == 20


def test_an_assertion_inside_of_a_job_is_retried(jobs: Jobs) -> None:
    """It is the test's, and leaves the verb at once, whatever errors the job's rules retry."""
    asserts.enqueue(2)
    with pytest.raises(AssertionError, match="assert 2 == 1"):
        jobs.perform()
    assert jobs.failed.count(asserts) == 1
    with jobs.inline(), pytest.raises(AssertionError, match="assert 3 == 1"):
        asserts.enqueue(3)


def test_two_meanings_of_perform(jobs: Jobs) -> None:
    """With a block around it or not: what is due, and what that enqueues."""
    parent.enqueue(3)
    assert len(jobs.perform()) == 4
    with jobs.inline():
        parent.enqueue(3)
    assert len(jobs.performed) == 8
    assert jobs.pending == []


def test_jobs_for_later_run_now_or_never(jobs: Jobs) -> None:
    with jobs.inline():
        on_day.using(delay=60).enqueue(date(2026, 1, 1))
    jobs.perform()
    assert seen == []
    jobs.advance(seconds=59)
    assert seen == []
    jobs.advance(seconds=1)
    assert len(seen) == 1


def test_jobs_that_enqueue_themselves_do_not_end(jobs: Jobs) -> None:
    forever.enqueue()
    with pytest.raises(TooManyPerforms, match="forever is enqueued by forever at tests/plugin/test_traps.py"):
        jobs.perform()
    with jobs.inline(), pytest.raises(TooManyPerforms):
        forever.enqueue()
    jobs.ignore(forever)


def test_what_was_left_is_ignored(project: Project) -> None:
    project.write("tox.ini", INI.replace("filterwarnings = error", "filterwarnings = default"))
    result = project.run("""
        def test_it(jobs):
            remind.enqueue(1)
    """)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*LeftoverJobWarning: 1 job was left enqueued, neither asserted nor performed:"])


class TestStateLeaks:
    """Of two tests each begins with nothing: no jobs, no keys, no mode, no clock; in either order."""

    def begins_with_nothing(self, jobs: Jobs) -> None:
        assert jobs.enqueued == []
        assert on_day.using(key="one").enqueue(date(2026, 1, 1))
        assert seen == []

    def test_one(self, jobs: Jobs) -> None:
        self.begins_with_nothing(jobs)
        jobs.advance(days=1000)
        jobs.inline().__enter__()
        jobs.broker_down(at=2).__enter__()

    def test_two(self, jobs: Jobs) -> None:
        self.begins_with_nothing(jobs)
        jobs.advance(days=1000)
        jobs.inline().__enter__()


def test_only_one_thread_is_recorded(jobs: Jobs) -> None:
    threads = [threading.Thread(target=watch.enqueue, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert jobs.enqueued.count(watch) == 4
    jobs.perform()


def test_middlewares_are_skipped(jobs: Jobs) -> None:
    watch.enqueue(1)
    with jobs.inline():
        watch.enqueue(2)
    assert around == ["enqueue watch", "enqueued"] * 2
    jobs.perform()


def test_positional_and_keyword_arguments_differ(jobs: Jobs) -> None:
    on_day.enqueue(date(2026, 1, 1))
    assert on_day.call(day=date(2026, 1, 1)) in jobs.enqueued
    assert on_day.call(date(2026, 1, 1), ()) in jobs.enqueued
    assert on_day.call(date(2026, 1, 1)) == on_day.call(names=(), day=date(2026, 1, 1))


def test_once_is_meant_and_negated(jobs: Jobs) -> None:
    """``in`` is at least one, ``not in`` none, and a number is said."""
    watch.enqueue(1)
    watch.enqueue(1)
    assert watch.call(1) in jobs.enqueued
    with pytest.raises(AssertionError):
        assert watch.call(1) not in jobs.enqueued
    with pytest.raises(AssertionError):
        assert jobs.enqueued.count(watch.call(1)) == 1
    assert watch.call(2) not in jobs.enqueued


def test_a_second_too_early_passes(jobs: Jobs) -> None:
    watch.using(delay=60).enqueue(1)
    assert watch.call(1).after(60) in jobs.enqueued
    assert watch.call(1).after(59) not in jobs.enqueued
    assert watch.call(1).after(timedelta(seconds=60, milliseconds=1)) not in jobs.enqueued


def test_a_transaction_that_was_rolled_back(jobs: Jobs) -> None:
    """A job enqueued inside of it is out: the test sees it there, and not what the app hoped for."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("begin")
    watch.enqueue(1)
    database.execute("rollback")
    database.close()
    assert watch.call(1) in jobs.enqueued


async def test_an_assertion_is_not_awaited(jobs: Jobs) -> None:
    """Assertions are plain in every style; there is nothing to await, and nothing true by being a coroutine."""
    await watch.aenqueue(1)
    assert watch.call(1) in jobs.enqueued
    assert (watch.call(2) in jobs.enqueued) is False


SWALLOWS = """
def swallows():
    try:
        charge.enqueue(14)
    except ValueError:
        pass
"""


@pytest.mark.parametrize("how", ["jobs", "jobkit_jobs", ""])
def test_strictness_depends_on_the_way_in(project: Project, how: str) -> None:
    """What is a mistake anywhere is one with the fixture, with its long name, and without."""
    with (project.path / "shop.py").open("a") as shop:
        shop.write(SWALLOWS)
    result = project.run(f"""
        async def test_never_awaited({how}):
            remind.aenqueue(1)

        @pytest.mark.jobkit(perform="inline")
        def test_swallowed({how}):
            from shop import swallows
            swallows()

        class TestIt:
            def test_lossy(self{", " if how else ""}{how}):
                audit.enqueue("x", {{"a": (1, 2)}})
    """)
    result.assert_outcomes(failed=3)


def test_the_mode_is_chosen_by_a_variable(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """No app has an ``if testing``, and no variable sends a test's jobs elsewhere."""
    monkeypatch.setenv("JOBKIT_BACKEND", "redis://production.invalid")
    project.passes("""
        def test_it(jobs):
            bare = jobkit.App()

            @bare.job(name="bare")
            def work() -> None: ...

            work.enqueue()
            jobs.perform()
            assert jobs.performed == [work]
    """)


def test_a_failure_is_reported_twice(project: Project) -> None:
    """Once, as FAILED, and the test's own assertion is the one that is shown."""
    result = project.run("""
        def test_left(jobs):
            remind.enqueue(1)

        def test_both(jobs):
            remind.enqueue(1)
            assert 1 == 2
    """)
    result.assert_outcomes(failed=2)
    assert result.stdout.str().count("left enqueued") == 2  # in the failure, and in its summary
