"""``--jobkit-diff``: where the jobs of one test go another way on another backend."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

HASTY = """
    from msgspec.structs import replace

    from jobkit.backends.inline import factory
    from jobkit.backends.delegating import DelegatingBackend


    class Hasty(DelegatingBackend):
        async def enqueue(self, messages):
            return await self.backend.enqueue([replace(each, after=None) for each in messages])

        async def close(self):
            await self.backend.close()


    def hasty(url, namespace, clock):
        return Hasty(factory(f"inline:{namespace}", namespace, clock))
"""

SAME = """
    import uuid
    from datetime import datetime, timezone

    @pytest.mark.parametrize("number", [1, 2])
    def test_alike(jobs, number, tmp_path):
        sign_up(number)
        audit.enqueue(str(uuid.uuid4()), {"at": str(datetime.now(timezone.utc)), "path": str(tmp_path)})
        jobs.perform()

    def test_retried(jobs):
        charge.enqueue(13)
        jobs.advance(seconds=10)
        assert charge in jobs.dead

    def test_without_jobs():
        pass
"""


def diff(result: pytest.RunResult) -> list[str]:
    lines = [line.rstrip() for line in result.outlines]
    start = next(place for place, line in enumerate(lines) if "= jobkit diff: " in line)
    end = next(place for place, line in enumerate(lines) if place > start and line.startswith("==="))
    return lines[start + 1 : end]


def test_what_is_the_same_is_said_to_be(project: Project) -> None:
    result = project.run(SAME, "--jobkit-diff=inline,fakeredis")
    result.assert_outcomes(passed=7)
    assert result.ret == pytest.ExitCode.OK
    assert diff(result) == ["3 tests ran on both, none of them diverged"]


def test_the_first_event_that_is_not_is_shown_with_what_led_to_it(project: Project) -> None:
    project.write("mine.py", HASTY)
    result = project.run(
        """
        def test_reminder(jobs):
            audit.enqueue("before")
            place_order(7)
            jobs.perform()
            assert remind.call(7) in jobs.enqueued
        """,
        "--jobkit-diff=inline,mine:hasty",
    )
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert diff(result) == [
        "1 test ran on both, 1 of them diverged",
        "",
        "test_it.py::test_reminder diverges at event 6",
        "               started #1 attempt 1",
        "               ended #1 attempt 1, succeeded",
        "               settled #1 succeeded",
        " - inline      the test passed",
        " + mine:hasty  started #2 attempt 1",
    ]


def test_sites_of_enqueues_are_shown(project: Project) -> None:
    project.write("mine.py", HASTY)
    result = project.run(
        """
        def test_reminder(jobs):
            place_order(7)
            if jobs.perform():
                audit.enqueue("already")
            jobs.ignore(remind, audit)
        """,
        "--jobkit-diff=inline,mine:hasty",
    )
    assert "               enqueued #1 remind(order_id=7) on default, after 86400000 ms   shop.py:50" in diff(result)


def test_another_end_is_a_difference_too(project: Project) -> None:
    result = project.run(
        """
        def test_it(jobs, jobkit_backend):
            audit.enqueue("seen")
            jobs.perform()
            assert jobkit_backend == "inline"
        """,
        "--jobkit-diff=inline,fakeredis",
    )
    assert diff(result)[2:] == [
        "test_it.py::test_it: the same 4 events, and another end",
        "              started #1 attempt 1",
        "              ended #1 attempt 1, succeeded",
        "              settled #1 succeeded",
        " - inline     the test passed",
        " + fakeredis  the test failed: AssertionError: assert 'fakeredis' == 'inline'",
    ]


@pytest.mark.realtime
def test_workers_of_xdist_compare_together(project: Project) -> None:
    project.write("mine.py", HASTY)
    tests = "def test_it(jobs):\n    place_order(7)\n    jobs.perform()\n    jobs.ignore(remind)\n"
    result = project.apart(tests, "--jobkit-diff=inline,mine:hasty", "-n", "2")
    assert "test_it.py::test_it diverges at event 2" in diff(result)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--jobkit-diff=inline"], "--jobkit-diff takes two backends, A,B, not 'inline'"),
        (["--jobkit-diff=inline,inline"], "each backend once"),
        (["--jobkit-diff=inline,redis", "--jobkit-backend=redis"], "leave out --jobkit-backend"),
    ],
)
def test_what_can_not_be_meant_is_refused(project: Project, args: list[str], why: str) -> None:
    result = project.run("def test_it(): pass", *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert why in result.stderr.str()
