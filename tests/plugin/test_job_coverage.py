"""``--jobkit-coverage``: which jobs no test ever did something with."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Project

TESTS = """
    def test_performed(jobs):
        send_welcome.enqueue(1)
        jobs.perform()

    def test_retried(jobs):
        charge.enqueue(13)
        jobs.advance(seconds=2)
        assert charge.call(13) in jobs.failed

    def test_enqueued(jobs):
        remind.enqueue(1)
        remind.enqueue(2)
        assert remind in jobs.enqueued
"""

TABLE = [
    "job                enqueued  performed  failed  retried  delivered twice   (tests)",
    "shop.audit                -          -       -        -                -",
    "shop.charge               1          1       1        1                -",
    "shop.push_crm             1          1       -        -                -",
    "shop.remind               1          -       -        -                -",
    "shop.send_welcome         1          1       -        -                -",
    (
        "performed by tests: 3 of 5 jobs (60%); 1 never enqueued, 2 never performed, 4 never failed, "
        "4 never retried, 5 never delivered twice"
    ),
]


def table(result: pytest.RunResult) -> list[str]:
    lines = [line.rstrip() for line in result.outlines]
    start = next(place for place, line in enumerate(lines) if "= jobkit coverage =" in line)
    return lines[start + 1 : start + 1 + len(TABLE)]


def test_a_line_for_each_declared_job(project: Project) -> None:
    result = project.run(TESTS, "--jobkit-coverage")
    result.assert_outcomes(passed=3)
    assert table(result) == TABLE


def test_it_is_written_as_json_on_request(project: Project) -> None:
    project.run(TESTS, "--jobkit-coverage-json=out/jobs.json")
    found = json.loads((project.path / "out" / "jobs.json").read_text())
    assert found["jobs"]["shop.charge"] == {"enqueued": 1, "performed": 1, "failed": 1, "retried": 1, "twice": 0}
    assert (found["performed"], found["declared"], found["percent"]) == (3, 5, 60.0)


def test_too_few_jobs_fail_the_run(project: Project) -> None:
    result = project.run(TESTS, "--jobkit-coverage-fail-under=61")
    result.assert_outcomes(passed=3)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAIL: tests performed 60% of the jobs, and at least 61% are wanted (*)"])
    assert project.again("--jobkit-coverage-fail-under=60").ret == pytest.ExitCode.OK


def test_a_threshold_that_is_no_percentage_is_refused(project: Project) -> None:
    result = project.run(TESTS, "--jobkit-coverage-fail-under=200")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--jobkit-coverage-fail-under is a percentage, 0 to 100, not 200"])


def test_what_tests_declare_for_themselves_does_not_count(project: Project) -> None:
    project.write("conftest.py", "import jobkit\nmine = jobkit.App()\n@mine.job\ndef of_conftest(): ...\n")
    tests = """
        own = jobkit.App()

        @own.job
        def of_the_file(): ...

        def test_it(jobs):
            @own.job(name="of.the.test")
            def inner(): ...
            inner.enqueue()
            of_the_file.enqueue()
            jobs.perform()
    """
    result = project.run(tests, "--jobkit-coverage")
    assert [line.split()[0] for line in table(result)[1:6]] == [
        "shop.audit",
        "shop.charge",
        "shop.push_crm",
        "shop.remind",
        "shop.send_welcome",
    ]


def test_a_job_that_runs_again_after_it_ended_was_delivered_twice(project: Project) -> None:
    tests = """
        def test_it(jobs, request):
            from pytest_jobkit.session import RUN
            tape = request.config.stash[RUN].current_case().tape
            remind.enqueue(1)
            jobs.perform()
            tape.executions.append(tape.executions[0])  # as when its worker died before it could say so
    """
    result = project.run(tests, "--jobkit-coverage")
    assert table(result)[4].split() == ["shop.remind", "1", "1", "-", "-", "1"]


@pytest.mark.realtime
def test_a_run_without_jobs_says_so(project: Project) -> None:
    result = project.apart("def test_it(): pass", "--jobkit-coverage", head="")
    result.stdout.fnmatch_lines(["no jobs are declared in the modules that this run imported"])
