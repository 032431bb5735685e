"""Chaos: what is asked for, how it is searched, and what is refused."""

from __future__ import annotations

import re

import pytest

from pytest_jobkit.chaos import progress
from tests.plugin.conftest import HEAD, Project

COUNTING = (
    HEAD
    + """
    runs = []

    @pytest.fixture(autouse=True)
    def _one_more():
        runs.append(1)

    def test_it(jobs):
        push_crm.enqueue(1)
        push_crm.enqueue(2)
        jobs.perform()
        assert {user_id for _, user_id in done} == {1, 2}

    def test_how_many():
        print(f"\\nruns: {len(runs) - 1}")

"""
)


@pytest.mark.parametrize(
    ("args", "marker", "runs"),
    [
        (["--jobkit-chaos"], "", 60),
        (["--jobkit-chaos=7"], "", 7),
        (["--jobkit-chaos", "-o", "jobkit_chaos_runs=8"], "", 8),
        ([], "chaos=9", 9),
        (["--jobkit-chaos=10"], "chaos=9", 10),
        (["--jobkit-chaos=10"], "chaos=False", 1),
        ([], "", 1),
        (["--jobkit-replay=duplicate:push_crm"], "", 1),
        ([], "chaos='sweep'", 7),
    ],
)
def test_how_many_runs(project: Project, args: list[str], marker: str, runs: int) -> None:
    mark = f"test_it = pytest.mark.jobkit({marker})(test_it)" if marker else ""
    result = project.run(mark, "-s", *args, head=COUNTING)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"*runs: {runs}"])


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["--jobkit-chaos", "test_it.py"], "*'test_it.py' is no number of runs: write --jobkit-chaos=60, or put*"),
        (["--jobkit-chaos=2"], "*takes at least 5 runs (three of them without any fault), not 2"),
        (["--jobkit-chaos", "-o", "jobkit_chaos_runs=2"], "*jobkit_chaos_runs: takes at least 5 runs*"),
        (["--jobkit-faults=duplicate,dealy"], "*--jobkit-faults: there is no fault 'dealy'; did you mean 'delay'?*"),
        (
            ["--jobkit-replay=double:charge"],
            "*--jobkit-replay: 'double:charge': there is no fault 'double'; there are*",
        ),
        (["--jobkit-replay=duplicate"], "*--jobkit-replay: 'duplicate' does not read as FAULT:JOB*"),
        (["--jobkit-replay=duplicate:charge:0"], "*'duplicate:charge:0': its numbers count from 1"),
        (["--jobkit-replay=duplicate=2:charge"], "*'duplicate=2:charge' does not read as*"),
        (["--jobkit-replay=delay:a,reorder:a"], "*delay:a and reorder:a can't both be: a delivery comes one way*"),
        (["--jobkit-chaos-seed=now"], "*'now' is not a seed, which is a whole number"),
    ],
)
def test_what_nobody_understands_is_an_error(project: Project, args: list[str], complaint: str) -> None:
    result = project.run("def test_it(): pass", *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([complaint])


def test_only_the_faults_that_are_asked_for(project: Project) -> None:
    for args, marker in (([], "chaos=['reorder', 'delay']"), (["--jobkit-faults=reorder,delay"], "chaos=True")):
        result = project.run(
            f"""
            @pytest.mark.jobkit({marker})
            def test_it(jobs):
                push_crm.enqueue(1)
                audit.enqueue("x")
                jobs.perform()
                assert len(done) == 2
                assert done[0] == ("push_crm", 1)
            """,
            *args,
        )
        result.assert_outcomes(failed=1)
        assert re.search(r"--jobkit-replay=(reorder|delay):push_crm$", result.stdout.str(), re.MULTILINE)


def test_a_seed_decides_what_is_tried(project: Project) -> None:
    def tried(*args: str) -> str:
        result = project.run(
            """
            tried = []

            @pytest.mark.jobkit(chaos=10)
            def test_it(jobs):
                sign_up(1)
                sign_up(2)
                jobs.perform()
                tried.append(tuple(done))

            def test_tried():
                print(f"\\ntried: {hash(tuple(tried))}")
            """,
            "-s",
            *args,
        )
        return next(line for line in result.outlines if "tried: " in line)

    usual = tried()
    assert tried("--jobkit-chaos-seed=0") == usual
    assert tried("--jobkit-chaos-seed=1") != usual


PAIR = """
    @pytest.mark.jobkit(chaos=60)
    def test_it(jobs):
        for n in range(4):
            push_crm.enqueue(n)
        jobs.perform()
        twice = [n for n in range(4) if done.count(("push_crm", n)) > 1]
        assert len(twice) < 2
"""


def test_many_faults_are_shrunk_to_the_two_that_it_takes(project: Project) -> None:
    result = project.run(PAIR)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert re.search(
        r"^1\. push_crm\(user_id=\d\) was delivered twice: it had run, .*\n2\. push_crm", text, re.MULTILINE
    )
    assert re.search(r"^shrunk from \d+ faults to 2$", text, re.MULTILINE)
    assert re.search(r"--jobkit-replay=duplicate:push_crm(:\d)?,duplicate:push_crm(:\d)?$", text, re.MULTILINE)


def test_the_plainest_failure_is_told_and_others_are_mentioned(project: Project) -> None:
    result = project.run("""
        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs):
            push_crm.enqueue(1)
            audit.enqueue("x")
            jobs.perform()
            assert done.count(("push_crm", 1)) == 1
            if done[0] != ("push_crm", 1):
                raise LookupError("the audit came first")
    """)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "push_crm(user_id=1) was delivered twice" in text
    other = r"^it fails in another way too: .*(assert|LookupError: the audit came first).*, at test_it.py:\d+$"
    assert re.search(rf"{other}\n  when .*\n  --jobkit-replay=\S+$", text, re.MULTILINE | re.DOTALL)


# What is refused.


def test_runs_that_differ(project: Project) -> None:
    result = project.run("""
        seen = []

        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs):
            seen.append(1)
            push_crm.enqueue(1)
            if len(seen) % 2 == 0:
                audit.enqueue("now and then")
            jobs.perform()
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "chaos can't judge this test: its runs differ without any fault, so a failure would prove nothing",
            "  one run enqueued, as number 2:      nothing",
            "  another run enqueued, as number 2:  audit on audit",
            "  something else decides which jobs there are: *",
        ]
    )


def test_arguments_may_differ(project: Project) -> None:
    project.passes("""
        from itertools import count

        ids = count()

        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs):
            push_crm.enqueue(next(ids))
            jobs.perform()
    """)


def test_a_fixture_of_wider_scope_that_enqueues_does_not_disturb(project: Project) -> None:
    project.passes("""
        @pytest.fixture(scope="module")
        def signed_up():
            sign_up(1)

        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs, signed_up):
            push_crm.enqueue(1)
            jobs.perform()
            assert jobs.enqueued == [push_crm]
    """)


def test_a_fixture_of_wider_scope_that_keeps_state(project: Project) -> None:
    result = project.run("""
        @pytest.fixture(scope="module")
        def numbers():
            return []

        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs, numbers):
            numbers.append(1)
            push_crm.enqueue(1)
            jobs.perform()
            assert numbers == [1]
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "chaos can't judge this test: right after a run that passed it fails without any fault, so something *",
            "  assert [[]1, 1[]] == [[]1[]], at test_it.py:*",
            "  of wider scope than a function, so that it lives on from run to run: numbers (module)",
            "  a test is run many times, each time with fresh function fixtures: *",
        ]
    )


def test_what_only_a_failure_leaves_behind(project: Project) -> None:
    result = project.run("""
        left = []

        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            left.extend(done)
            assert left == [("push_crm", 1)]
            left.clear()
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["chaos can't judge this test: after a run that failed it fails without any fault*"])


def test_a_failure_that_does_not_come_again(project: Project) -> None:
    result = project.run("""
        failed = []

        @pytest.mark.jobkit(chaos=["duplicate"])
        def test_it(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            if len(done) > 1 and not failed:
                failed.append(1)
                raise LookupError
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["this failed, and did not fail when it was run again in the same way:", "  LookupError*"]
    )


def test_no_job_is_performed(project: Project) -> None:
    result = project.run("""
        @pytest.mark.jobkit(chaos=True, allow=[push_crm])
        def test_it(jobs):
            push_crm.enqueue(1)
            assert jobs.run(push_crm.call(1)).state == "succeeded"
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["chaos has nothing to act on: this test performs no job by jobs.perform()*"])


# Replays.


def test_a_token_that_does_not_fit_is_an_error(project: Project) -> None:
    result = project.run(
        """
        def test_it(jobs):
            push_crm.enqueue(1)
            jobs.perform()
        """,
        "--jobkit-replay=duplicate:push_crm:2",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "--jobkit-replay: duplicate:push_crm:2 made no difference to this run, so the token no longer fits it",
            "jobs that were performed here, or enqueued: push_crm:1",
        ]
    )


def test_the_debugger_is_entered_once_where_it_fails(project: Project) -> None:
    project.write(
        "debugger.py",
        """
        import pdb

        class Debugger(pdb.Pdb):
            def interaction(self, *args, **kwargs):
                print("entered")
        """,
    )
    result = project.run(
        """
        @pytest.mark.jobkit(chaos=True)
        def test_it(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            assert len(done) == 1
        """,
        *("--pdb", "--pdbcls=debugger:Debugger"),
    )
    result.assert_outcomes(failed=1)
    assert result.outlines.count("entered") == 1


# Signs of life.


def test_a_long_search_says_where_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    result = project.run(
        """
        @pytest.mark.jobkit(chaos=7)
        def test_it(jobs):
            push_crm.enqueue(1)
            jobs.perform()
        """
    )
    result.stdout.fnmatch_lines(
        ["chaos: run 2 of 7 of test_it.py::test_it", "chaos: run 6 of 7 of test_it.py::test_it"]
    )


def test_a_short_one_does_not(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos=7)
        def test_it(jobs):
            push_crm.enqueue(1)
            jobs.perform()
        """
    )
    assert "chaos: run" not in result.stdout.str()
