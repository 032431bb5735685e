"""``jobs.advance`` and its twin, and ``jobs.now``."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

BACKENDS = pytest.mark.parametrize("backend", ["inline", "fakeredis"])


@BACKENDS
def test_time_passes_from_due_time_to_due_time(project: Project, backend: str) -> None:
    project.passes(
        """
        times = []

        @app.job(name="tick")
        def tick(n: int) -> None:
            times.append(jobs_now())
            if n < 3:
                tick.using(delay=3600).enqueue(n + 1)

        @pytest.fixture(autouse=True)
        def clock(jobs):
            global jobs_now
            begin = jobs.now
            jobs_now = lambda: (jobs.now - begin).total_seconds()
            times.clear()

        def test_not_before_its_time(jobs):
            place_order(7)
            jobs.advance(hours=23, minutes=59, seconds=59, milliseconds=999)
            assert remind.call(7) in jobs.pending and done == []
            jobs.advance(milliseconds=1)
            assert remind.call(7) in jobs.performed

        def test_each_at_its_own_time(jobs):
            tick.using(delay=60).enqueue(1)
            outcomes = jobs.advance(days=1)
            assert times == [60, 3660, 7260]
            assert [outcome.entry.args["n"] for outcome in outcomes] == [1, 2, 3]
            assert jobs_now() == 86400

        def test_what_is_due_already_comes_first(jobs):
            tick.enqueue(3)
            jobs.advance(hours=1)
            assert times == [0]

        def test_retries_at_their_backoff(jobs):
            charge.enqueue(13)
            jobs.advance(seconds=1)
            assert len(jobs.failed) == 1
            jobs.advance(seconds=1)
            assert len(jobs.failed) == 2
            jobs.advance(hours=1)
            assert [entry.state for entry in jobs.failed] == ["retrying", "retrying", "dead"]
            assert charge.call(13) in jobs.dead

        def test_an_error_stops_the_walk_where_it_is(jobs):
            charge.using(delay=60).enqueue(14)
            tick.using(delay=120).enqueue(3)
            with pytest.raises(ValueError, match="bad order"):
                jobs.advance(hours=1)
            assert jobs_now() == 60 and times == []
            jobs.advance(minutes=1)
            assert times == [120]

        async def test_the_twin(jobs):
            await remind.using(delay=60).aenqueue(1)
            assert await jobs.aadvance(seconds=59) == []
            (outcome,) = await jobs.aadvance(timedelta(seconds=1))
            assert outcome.state == "succeeded" and remind in jobs.performed
        """,
        f"--jobkit-backend={backend}",
    )


def test_now_stands_still_between_verbs(project: Project) -> None:
    project.passes("""
        import time
        from datetime import datetime, timezone

        started = datetime.now(timezone.utc)

        def test_it(jobs):
            first = jobs.now
            assert timedelta(0) <= datetime.now(timezone.utc) - first < timedelta(minutes=1)
            assert first.utcoffset() == timedelta(0)
            time.sleep(0.005)
            jobs.perform()
            assert jobs.now == first
            jobs.advance(weeks=1, hours=2)
            assert jobs.now - first == timedelta(days=7, hours=2)
            jobs.advance(timedelta(hours=1), minutes=30)
            assert jobs.now - first == timedelta(days=7, hours=3, minutes=30)

        def test_each_test_begins_anew(jobs):
            assert jobs.now - started < timedelta(minutes=1)
    """)


def test_time_goes_forward(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            for nowhere in ({}, {"hours": -1}, {"hours": 1, "minutes": -61}):
                with pytest.raises(ValueError, match="time goes forward"):
                    jobs.advance(**nowhere)
            with pytest.raises(TypeError):
                jobs.advance(hour=1)
    """)


def test_until_an_instant(project: Project) -> None:
    project.passes("""
        from datetime import datetime, timezone

        def tomorrow(jobs, **of_day):
            return (jobs.now + timedelta(days=1)).replace(second=0, microsecond=0, **of_day)

        def test_it(jobs):
            place_order(7)
            noon = tomorrow(jobs, hour=12, minute=0) + timedelta(days=1)
            (*_, outcome) = jobs.advance(to=noon)
            assert outcome.entry is jobs.performed.only(remind)
            assert jobs.now == noon

        async def test_the_twin(jobs):
            east = timezone(timedelta(hours=9))
            await jobs.aadvance(to=tomorrow(jobs, hour=3, minute=30).astimezone(east))
            assert (jobs.now.hour, jobs.now.minute) == (3, 30)

        def test_one_of_both(jobs):
            with pytest.raises(ValueError, match=r"not both: jobs.advance\\(to=...\\) or 1:00:00"):
                jobs.advance(hours=1, to=tomorrow(jobs, hour=3))

        def test_an_instant_has_a_zone(jobs):
            with pytest.raises(ValueError, match="give 2100-01-01 00:00:00 its zone, as in tzinfo=timezone.utc"):
                jobs.advance(to=datetime(2100, 1, 1), freeze=True)
            assert jobs._case._thaw is None, "what is refused has no effect"

        def test_it_is_not_over(jobs):
            with pytest.raises(ValueError, match="time goes forward: .* is 1:00:00 before jobs.now, which is "):
                jobs.advance(to=jobs.now - timedelta(hours=1))
    """)


def test_the_limit_is_for_one_instant(project: Project) -> None:
    project.passes("""
        from pytest_jobkit import TooManyPerforms

        @app.job(name="hourly")
        def hourly() -> None:
            done.append(1)
            hourly.using(delay=3600).enqueue()

        @app.job(name="endless")
        def endless() -> None:
            endless.enqueue()

        def test_it(jobs):
            hourly.enqueue()
            jobs.advance(days=10)
            assert len(done) == 241
            endless.using(delay=60).enqueue()
            with pytest.raises(TooManyPerforms, match=r"jobs.advance\\(\\) stopped after 20 jobs"):
                jobs.advance(minutes=2, limit=20)
            jobs.ignore(hourly, endless)
    """)


def test_a_clock_that_can_not_be_moved_skips_by_name(project: Project) -> None:
    project.write("slow.py", OWN_CLOCK)
    result = project.run(
        """
        def test_advances(jobs):
            jobs.advance(hours=1)
            raise AssertionError

        async def test_advances_too(jobs):
            await jobs.aadvance(hours=1)
            raise AssertionError

        def test_performs(jobs):
            remind.enqueue(1)
            jobs.perform()
            assert remind.call(1).now() in jobs.performed

        def test_delays_are_exact(jobs):
            remind.using(delay=60).enqueue(1)
            assert remind.call(1).after(60) in jobs.pending
        """,
        "--jobkit-backend=slow:factory",
        "-rs",
    )
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines(["*the backend slow:factory lacks: a clock that can be moved"])
    result.stdout.fnmatch_lines(
        [
            "backend       passed  failed  skipped",
            "slow:factory       2       0        2",
            "    lacks clock: test_it.py::test_advances",
            "    lacks clock: test_it.py::test_advances_too",
        ]
    )


OWN_CLOCK = """
    from jobkit.backends.inline.backend import InlineBackend, memory
    from jobkit.clock import SystemClock

    clock = SystemClock()

    class OwnClock(InlineBackend):
        takes_clock = False

    def factory(url, namespace, _):
        return OwnClock(memory("slow", namespace), clock)
"""


RECURS = """
    from datetime import timedelta

    @pytest.fixture
    def clock_work(jobs):
        jobs.advance(to=(jobs.now + timedelta(days=1)).replace(hour=1))
        recurs = jobkit.App("redis://production.invalid")

        @recurs.recurring(every=timedelta(hours=6))
        @recurs.job(name="sweep")
        def sweep() -> None:
            done.append("sweep")

        @recurs.job(name="report")
        def report(day: str) -> None:
            sweep.using(delay=60).enqueue()

        recurs.recurring(report.call("today"), every=timedelta(days=1))
        return recurs, sweep, report
"""


@pytest.mark.parametrize("backend", ["inline", "sqlite"])
def test_what_recurs_ticks_on_the_way(project: Project, backend: str) -> None:
    project.passes(
        RECURS
        + """
    def test_each_tick(jobs, clock_work):
        recurs, sweep, report = clock_work
        jobs.advance(days=2, recurring=recurs)
        assert jobs.performed.count(sweep) == 10
        assert jobs.performed.count(report.call("today")) == 2
        for entry in jobs.enqueued.of(report):
            assert (entry.due.hour, entry.due.minute) == (0, 0)
        jobs.ignore(sweep)

    async def test_on_a_loop(jobs, clock_work):
        recurs, sweep, report = clock_work
        await jobs.aadvance(days=1, recurring=[recurs, app])
        assert jobs.performed.count(sweep) == 5
        jobs.ignore(sweep)

    def test_only_if_asked(jobs, clock_work):
        jobs.advance(days=2)
        assert jobs.enqueued == []

    def test_what_recurs_is_an_apps(jobs, clock_work):
        _, sweep, _ = clock_work
        with pytest.raises(TypeError, match="recurring takes the app whose schedules are due"):
            jobs.advance(days=2, recurring=[sweep])
""",
        f"--jobkit-backend={backend}",
    )


def test_freeze_with_the_real_library(project: Project) -> None:
    project.passes(
        """
        import time
        from datetime import datetime, timezone

        seen = []

        @app.job(name="look")
        def look() -> None:
            seen.append(datetime.now(timezone.utc))

        def test_it(jobs):
            begin = jobs.now
            look.using(delay=3600).enqueue()
            jobs.advance(days=1, freeze=True)
            assert seen == [begin + timedelta(hours=1)]
            assert datetime.now(timezone.utc) == jobs.now == begin + timedelta(days=1)
            assert time.time() == pytest.approx(jobs.now.timestamp(), abs=1e-6)

        def test_afterwards_it_goes_on(jobs):
            assert abs((datetime.now(timezone.utc) - jobs.now).total_seconds()) < 3600
        """
    )


def test_freeze_moves_the_programs_clock(project: Project) -> None:
    project.write(
        "time_machine.py",
        """
        log = []

        class travel:
            def __init__(self, to, tick):
                assert tick is False
                log.append(("travel", round(to, 3)))
            def start(self):
                return self
            def move_to(self, to):
                log.append(("move", round(to, 3)))
            def stop(self):
                log.append("stop")
        """,
    )
    project.passes("""
        import time_machine

        def test_it(jobs):
            begin = jobs.now.timestamp()
            remind.using(delay=60).enqueue(1)
            jobs.advance(minutes=2, freeze=True)
            at = [round(begin + seconds, 3) for seconds in (0, 60, 120)]
            assert time_machine.log == [("travel", at[0]), ("move", at[1]), ("move", at[2])]
            jobs.advance(minutes=1)
            assert time_machine.log[3:] == [("move", round(begin + 180, 3))]

        def test_until_the_test_ends(jobs):
            assert time_machine.log[4:] == ["stop"]
            jobs.advance(minutes=1)
            assert time_machine.log[5:] == []
    """)


def test_freeze_says_what_to_install(project: Project) -> None:
    project.passes("""
        import sys

        def test_it(jobs, monkeypatch):
            monkeypatch.setitem(sys.modules, "time_machine", None)
            with pytest.raises(jobkit.ConfigurationError, match="pip install time-machine"):
                jobs.advance(minutes=1, freeze=True)
    """)
