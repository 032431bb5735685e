"""What each fault does to a run: played from a token, one by one."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import HEAD, Project

LOGGING = (
    HEAD
    + """
    ran = []

    @pytest.fixture(autouse=True)
    def _nothing_ran():
        ran.clear()

    app = jobkit.App("redis://production.invalid")

    @app.job
    def first(n: int = 1) -> None:
        ran.append(("first", n, jobkit.current_job().attempt))
        shop.remind.enqueue(n)

    @app.job
    async def second(n: int = 1) -> None:
        ran.append(("second", n, jobkit.current_job().attempt))

    @app.job(retry=jobkit.Retry(attempts=3, on=OSError, wait=0))
    def third(n: int = 1) -> None:
        ran.append(("third", n, jobkit.current_job().attempt))
        if jobkit.current_job().attempt < n:
            raise OSError

    @app.job(retry=jobkit.Retry(attempts=1, on=OSError))
    def once() -> None:
        ran.append(("once", 1, jobkit.current_job().attempt))
"""
)


@pytest.mark.parametrize("backend", ["inline", "fakeredis"])
@pytest.mark.parametrize(
    ("token", "order"),
    [
        ("duplicate:first", ["first 1", "first 2", "second 1"]),
        ("crash-after:first", ["first 1", "second 1", "first 2"]),
        ("crash-before:first", ["second 1", "first 2"]),
        ("reorder:first", ["second 1", "first 1"]),
        ("delay:first", ["second 1", "first 1"]),
        ("duplicate:second", ["first 1", "second 1", "second 2"]),
        ("duplicate:first,duplicate:first:1:2", ["first 1", "first 2", "first 3", "second 1"]),
        ("crash-before:second,reorder:first", ["first 1", "second 2"]),
        ("duplicate:first,reorder:first:1:2", ["first 1", "second 1", "first 2"]),
        ("duplicate:first,reorder:first", ["second 1", "first 1", "first 2"]),
    ],
)
def test_what_comes_when(project: Project, token: str, order: list[str], backend: str) -> None:
    result = project.run(
        f"""
        def test_it(jobs):
            first.enqueue()
            second.enqueue()
            jobs.perform()
            assert [f"{{name}} {{attempt}}" for name, _, attempt in ran] == {order}
            assert jobs.performed.count(first) == jobs.performed.count(second) == 1
            assert jobs.pending == []
        """,
        *(f"--jobkit-replay={token}", f"--jobkit-backend={backend}"),
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)


def test_what_is_reordered_lets_so_many_by(project: Project) -> None:
    result = project.run(
        """
        def test_it(jobs):
            for n in (1, 2, 3, 4):
                second.enqueue(n)
            jobs.perform()
            assert [n for _, n, _ in ran] == [1, 3, 4, 2]
        """,
        "--jobkit-replay=reorder=2:second:2",
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(("token", "order"), [("delay:first", [2, 1, 3]), ("delay=2:first", [2, 3, 1])])
def test_what_is_delayed_comes_behind_what_is_due_later(project: Project, token: str, order: list[int]) -> None:
    result = project.run(
        f"""
        def test_it(jobs):
            first.enqueue(1)
            second.using(delay=60).enqueue(2)
            second.using(delay=120).enqueue(3)
            outcomes = jobs.advance(hours=1)
            assert [n for _, n, _ in ran] == {order}
            assert len(outcomes) == 4
        """,
        f"--jobkit-replay={token}",
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)


def test_what_is_delayed_is_performed_by_the_end_of_the_verb(project: Project) -> None:
    result = project.run(
        """
        def test_it(jobs):
            first.enqueue(1)
            second.using(delay=60).enqueue(2)
            second.using(delay=5000).enqueue(3)
            jobs.advance(hours=1)
            assert [n for _, n, _ in ran] == [2, 1]
            jobs.advance(hours=1)
        """,
        "--jobkit-replay=delay=3:first",
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)


def test_a_lost_delivery_is_an_attempt_and_nothing_else(project: Project) -> None:
    result = project.run(
        """
        def test_it(jobs):
            changed = []
            jobs.before_attempt(first, 1, lambda: changed.append(1))
            jobs.before_attempt(first, 2, lambda: changed.append(2))
            first.enqueue()
            (outcome, child) = jobs.perform()
            assert outcome.state == "succeeded" and outcome.entry.attempt == 2
            assert jobs.performed == [first, shop.remind] and jobs.failed == []
            assert changed == [1, 2]
        """,
        "--jobkit-replay=crash-before:first",
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)


def test_a_job_that_was_cancelled_while_it_ran_is_over(project: Project) -> None:
    result = project.run(
        """
        @app.job
        def cancels_itself() -> None:
            ran.append("cancels_itself")
            app.cancel(jobkit.current_job().id)

        def test_it(jobs):
            cancels_itself.enqueue()
            jobs.perform()
            assert ran == ["cancels_itself"] and jobs.pending == []
        """,
        "--jobkit-replay=crash-after:cancels_itself",
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)


def test_perform_one_performs_the_one_that_the_test_chose(project: Project) -> None:
    result = project.run(
        """
        def test_it(jobs):
            first.enqueue()
            second.enqueue()
            assert jobs.perform_one().entry == first.call()
            assert [name for name, _, _ in ran] == ["first", "first"]
            jobs.perform()
        """,
        "--jobkit-replay=duplicate:first",
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)


def test_inline_too(project: Project) -> None:
    result = project.run(
        """
        def test_it(jobs):
            with jobs.inline(only=[first, second]):
                first.enqueue()
                assert [name for name, _, _ in ran] == ["first", "first"]
                app.enqueue_many([second.call(1), second.call(2)])
                assert ran[2:] == [("second", 2, 1), ("second", 1, 1)]
            jobs.ignore(shop.remind)

        async def test_awaited(jobs):
            with jobs.inline(only=[first, second]):
                await first.aenqueue()
                assert [name for name, _, _ in ran] == ["first", "first"]
                await app.aenqueue_many([second.call(1), second.call(2)])
                assert ran[2:] == [("second", 2, 1), ("second", 1, 1)]
            jobs.ignore(shop.remind)
        """,
        "--jobkit-replay=duplicate:first,reorder:second",
        head=LOGGING,
    )
    result.assert_outcomes(passed=2)


def test_no_job_is_worn_out(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos=40)
        def test_it(jobs):
            third.enqueue(3)
            once.enqueue()
            second.enqueue()
            jobs.perform()
            assert jobs.dead == [] and jobs.pending == []
            assert [attempt for name, _, attempt in ran if name == "third"] == [1, 2, 3]
            assert [name for name, _, _ in ran].count("once") == 1
        """,
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)


def test_a_failure_keeps_its_own_rules(project: Project) -> None:
    """Only what succeeded is lost after it ran: an attempt that failed is counted by the job's own rules."""
    result = project.run(
        """
        def test_it(jobs):
            third.enqueue(2)
            jobs.perform()
            assert [entry.attempt for entry in jobs.failed] == [1]
            assert [attempt for _, _, attempt in ran] == [1, 2]
        """,
        "--jobkit-replay=crash-after:third",
        head=LOGGING,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["--jobkit-replay: crash-after:third made no difference to this run*"])


REFUSING = """
    def test_it(jobs):
        shop.sign_up(1)
        shop.audit.enqueue("the test's own")
        jobs.perform()
"""


def test_an_enqueue_of_the_app_is_refused(project: Project) -> None:
    result = project.run(REFUSING, "--jobkit-replay=refuse:send_welcome")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*BackendUnavailable: chaos: the enqueue of send_welcome finds no broker",
            "E*the enqueue of send_welcome at shop.py:45 found no broker",
            "- chaos: an enqueue found no broker*",
        ]
    )


def test_an_enqueue_in_a_job_is_refused(project: Project) -> None:
    result = project.run(REFUSING, "--jobkit-replay=refuse:push_crm")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*the enqueue of push_crm by send_welcome(user_id=1) at shop.py:13 found no broker"])


def test_the_enqueues_that_a_test_makes_itself_are_let_alone(project: Project) -> None:
    result = project.run(REFUSING, "--jobkit-replay=refuse:audit:2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["--jobkit-replay: refuse:audit:2 made no difference to this run*"])


def test_refusals_are_drawn_only_where_they_are_asked_for(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(chaos=40)
        def test_usually(jobs):
            shop.sign_up(1)
            jobs.perform()

        @pytest.mark.jobkit(chaos=["refuse"])
        def test_asked_for(jobs):
            shop.sign_up(1)
            jobs.perform()
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["the enqueue of * found no broker"])


def test_the_wait_of_a_retry_is_the_same_in_each_run(project: Project) -> None:
    """Else the order of these five would be another one in each run, and the test be refused."""
    result = project.run(
        """
        @app.job(retry=jobkit.Retry(attempts=3, on=OSError, wait=jobkit.exponential(jitter=1)))
        def late(n: int) -> None:
            ran.append((n, jobkit.current_job().attempt))
            if jobkit.current_job().attempt < 3:
                raise OSError

        @pytest.mark.jobkit(chaos=20, needs=["clock"])
        def test_it(jobs):
            for n in range(5):
                late.enqueue(n)
            jobs.advance(hours=1)
        """,
        head=LOGGING,
    )
    result.assert_outcomes(passed=1)
