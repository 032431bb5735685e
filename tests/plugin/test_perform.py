"""``jobs.perform`` and its twin."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project, captured


def test_all_that_is_due_until_quiet(project: Project) -> None:
    project.passes("""
        def test_children_too(jobs):
            send_welcome.enqueue(1)
            outcomes = jobs.perform()
            assert done == [("send_welcome", 1), ("push_crm", 1)]
            assert [outcome.entry.job for outcome in outcomes] == [send_welcome, push_crm]
            assert [outcome.state for outcome in outcomes] == ["succeeded", "succeeded"]
            assert outcomes[1].value == "crm:1"
            assert push_crm.call(1) in outcomes[0].children and outcomes[1].children == []
            assert outcomes[0].entry == jobs.performed[0]

        def test_what_is_not_due_waits(jobs):
            place_order(1)
            assert jobs.perform() == []
            assert remind.call(1) in jobs.pending and done == []

        def test_nothing_twice(jobs):
            push_crm.enqueue(1)
            jobs.perform()
            assert jobs.perform() == []
            assert done == [("push_crm", 1)]

        async def test_on_the_loop(jobs):
            await send_welcome.aenqueue(1)
            outcomes = await jobs.aperform()
            assert done == [("send_welcome", 1), ("push_crm", 1)]
            assert len(outcomes) == 2 and jobs.pending == []
            assert push_crm in jobs.performed and send_welcome in jobs.performed

        def test_a_batch(jobs):
            app.enqueue_many([push_crm.call(1), send_welcome.call(2)])
            jobs.perform()
            assert done == [("push_crm", 1), ("send_welcome", 2), ("push_crm", 2)]
    """)


def test_the_order_is_the_contracts_over_all_queues(project: Project) -> None:
    project.passes("""
        def test_priority_then_since_then_acceptance(jobs):
            remind.enqueue(1)
            audit.enqueue("second")
            remind.using(delay=5).enqueue(3)
            remind.using(delay=3).enqueue(4)
            remind.using(priority=5).enqueue(5)
            audit.using(priority=9, delay=4).enqueue("sixth")
            jobs._case.clock.move(6000)
            jobs.perform()
            assert done == [
                ("audit", "sixth"), ("remind", 5), ("remind", 1), ("audit", "second"), ("remind", 4), ("remind", 3)
            ]

        def test_children_come_in_their_place(jobs):
            send_welcome.enqueue(1)
            remind.enqueue(2)
            jobs.perform()
            assert done == [("send_welcome", 1), ("remind", 2), ("push_crm", 1)]

        def test_what_was_left_keeps_its_place(jobs):
            remind.enqueue(1)
            push_crm.enqueue(2)
            remind.enqueue(3)
            jobs.perform(only=push_crm)
            audit.enqueue("4")
            jobs.perform()
            assert done == [("push_crm", 2), ("remind", 1), ("remind", 3), ("audit", "4")]
            assert all(entry.attempt == 1 for entry in jobs.performed)
            jobs.ignore(push_crm)
    """)


def test_selections_leave_the_others_pending(project: Project) -> None:
    project.passes("""
        @pytest.fixture(autouse=True)
        def some(jobs):
            sign_up(1)
            remind.enqueue(1)
            remind.enqueue(2)
            jobs.ignore(send_welcome, remind, audit, push_crm)

        def test_only_a_job(jobs):
            jobs.perform(only=remind)
            assert done == [("remind", 1), ("remind", 2)]
            assert jobs.pending == [send_welcome, audit]

        def test_only_a_pattern_or_several(jobs):
            jobs.perform(only=[remind.call(2), audit.partial()])
            assert done == [("audit", "signup"), ("remind", 2)]

        def test_exclude(jobs):
            jobs.perform(exclude=[send_welcome, remind.call(1)])
            assert done == [("audit", "signup"), ("remind", 2)]

        def test_queue(jobs):
            jobs.perform(queue="post")
            assert done == [("send_welcome", 1)] and push_crm.call(1) in jobs.pending
            jobs.perform(queue=["audit", "mail"])
            assert done[1:] == [("audit", "signup")]

        def test_together(jobs):
            jobs.perform(only=[remind, audit], exclude=remind.call(1), queue="default")
            assert done == [("remind", 2)]

        def test_what_can_not_be_meant(jobs):
            with pytest.raises(jobkit.UnknownQueue):
                jobs.perform(queue="mial")
            for nonsense in ("remind", 7, ["remind"]):
                with pytest.raises(TypeError, match="look for job.call"):
                    jobs.perform(only=nonsense)
            assert done == []
    """)


def test_an_error_that_no_rule_covers_leaves_as_it_is(project: Project) -> None:
    project.passes("""
        def test_with_a_note_and_the_rest_stays_pending(jobs):
            charge.enqueue(14)
            remind.enqueue(1)
            with pytest.raises(ValueError, match="bad order") as raised:
                jobs.perform()
            assert raised.value.__notes__ == ["raised by #1 charge(order_id=14), attempt 1, enqueued at test_it.py:13"]
            assert type(raised.value) is ValueError and raised.value.__cause__ is None
            assert done == [("charge", 14)]
            assert remind.call(1) in jobs.pending
            assert charge.call(14) in jobs.dead and charge.call(14) in jobs.failed
            jobs.perform()
            assert done[1:] == [("remind", 1)]

        async def test_from_the_twin_too(jobs):
            await charge.aenqueue(14)
            with pytest.raises(ValueError, match="bad order") as raised:
                await jobs.aperform()
            assert "raised by #1 charge(order_id=14)" in raised.value.__notes__[0]

        def test_an_assertion_in_a_job(jobs):
            @app.job(name="asserts")
            def asserts() -> None:
                assert done == ["nothing"]
            asserts.enqueue()
            with pytest.raises(AssertionError):
                jobs.perform()

        def test_pytest_fail_in_a_job(jobs):
            @app.job(name="fails")
            async def fails() -> None:
                pytest.fail("from a job")
            fails.enqueue()
            with pytest.raises(pytest.fail.Exception, match="from a job"):
                jobs.perform()

        def test_an_unreadable_job(jobs):
            from jobkit.backend import Message
            push_crm.enqueue(1)
            jobs.perform()
            clients = app.clients("default")
            headers = {"job": "shop.remind", "v": "1", "coder": "json"}
            clients.blocking().enqueue([Message("x", "default", b"{", headers=headers)])
            remind.enqueue(2)
            with pytest.raises(jobkit.Undecodable):
                jobs.perform(only=remind)
    """)


def test_a_covered_error_is_logged_and_waits_for_its_backoff(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            charge.enqueue(13)
            charge.enqueue(15)
            first, second = jobs.perform()
            assert (first.state, second.state) == ("retrying", "discarded")
            assert first.retry_in == 2 and isinstance(first.error, ConnectionError)
            assert jobs.perform() == []
            assert charge.call(13) in jobs.pending
            assert jobs.failed == [charge.call(13), charge.call(15)]
    """)


def test_where_jobs_run(project: Project) -> None:
    project.passes("""
        import asyncio, contextvars, threading

        tenant = contextvars.ContextVar("tenant", default=None)
        where = {}

        @app.job(name="plain")
        def plain() -> None:
            where["plain"] = threading.current_thread(), tenant.get(), jobkit.current_job().job
            tenant.set("plain's")

        @app.job(name="awaits")
        async def awaits() -> None:
            where["awaits"] = asyncio.get_running_loop(), tenant.get(), jobkit.current_job().job
            tenant.set("awaits'")

        def test_plain_ones_in_the_tests_own_thread(jobs):
            tenant.set("mine")
            plain.enqueue()
            awaits.enqueue()
            jobs.perform()
            assert where["plain"] == (threading.current_thread(), None, "plain")
            assert where["awaits"][1:] == (None, "awaits")
            assert tenant.get() == "mine" and jobkit.current_job() is None

        async def test_asynchronous_ones_on_the_tests_own_loop(jobs):
            tenant.set("mine")
            await app.aenqueue_many([plain.call(), awaits.call()])
            await jobs.aperform()
            assert where["awaits"] == (asyncio.get_running_loop(), None, "awaits")
            assert where["plain"][0] is not threading.current_thread()
            assert where["plain"][1:] == (None, "plain")
            assert tenant.get() == "mine"
    """)


def test_where_plain_jobs_run_under_django(project: Project) -> None:
    project.write("django/__init__.py", "")
    project.write("asgiref/__init__.py", "")
    project.write(
        "asgiref/sync.py",
        """
        calls = []

        def sync_to_async(function, thread_sensitive):
            async def call():
                calls.append(thread_sensitive)
                return function()
            return call
        """,
    )
    project.passes("""
        import django
        from asgiref.sync import calls

        async def test_it(jobs):
            await push_crm.aenqueue(1)
            (outcome,) = await jobs.aperform()
            assert outcome.value == "crm:1" and calls == [True]
    """)


def test_plain_verbs_in_a_running_loop_name_their_twin(project: Project) -> None:
    project.passes("""
        async def test_it(jobs):
            verbs = {
                "perform": jobs.perform, "perform_one": jobs.perform_one,
                "advance": lambda: jobs.advance(hours=1), "run": lambda: jobs.run(remind.call(1)),
            }
            for name, verb in verbs.items():
                with pytest.raises(jobkit.RunningLoop, match=rf"jobs\\.{name}\\(\\) .* await jobs\\.a{name}\\(\\)"):
                    verb()
    """)


ENDLESS = """
    @app.job(name="page")
    def page(n: int) -> None:
        done.append(n)
        page.enqueue(n + 1)
"""


def test_endless_jobs_are_stopped_and_the_chain_is_shown(project: Project) -> None:
    result = project.run(
        ENDLESS
        + """
    def test_it(jobs):
        page.enqueue(1)
        try:
            jobs.perform()
        finally:
            assert done == list(range(1, 101))
            assert page.call(101) in jobs.pending
    """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*TooManyPerforms: jobs.perform() stopped after 100 jobs, and more are due",
            "E*the chain that feeds itself: page(n=1) -> page(n=2) -> ... -> page(n=99) -> page(n=100)",
            "E*page is enqueued by page at test_it.py:15",
        ]
    )
    assert len(captured(result)) < 60


def test_the_limit_can_be_said(project: Project) -> None:
    project.passes(
        ENDLESS
        + """
    from pytest_jobkit import TooManyPerforms

    def test_less(jobs):
        page.enqueue(1)
        with pytest.raises(TooManyPerforms, match="stopped after 3 jobs"):
            jobs.perform(limit=3)
        assert done == [1, 2, 3] and page.call(4) in jobs.pending

    def test_more(jobs):
        for n in range(120):
            remind.enqueue(n)
        with pytest.raises(TooManyPerforms, match=r"none of them was enqueued by another.*jobs.perform\\(limit="):
            jobs.perform()
        jobs.perform(limit=200)
        assert len(done) == 120

    def test_exactly_the_limit_is_not_too_many(jobs):
        for n in range(3):
            remind.enqueue(n)
        assert len(jobs.perform(limit=3)) == 3

    def test_retries_that_do_not_wait(jobs):
        @app.job(name="again", retry=jobkit.Retry(attempts=1000, wait=0))
        def again() -> None:
            raise ValueError
        again.enqueue()
        with pytest.raises(TooManyPerforms, match="at attempt 100, and its retries do not wait"):
            jobs.perform()
    """
    )


@pytest.mark.parametrize("backend", ["inline", "fakeredis"])
def test_what_a_verb_did_not_perform_costs_no_attempt(project: Project, backend: str) -> None:
    project.passes(
        """
        def test_it(jobs):
            remind.enqueue(1)
            for _ in range(10):
                jobs.perform(only=audit)
            (outcome,) = jobs.perform()
            assert outcome.entry.attempt == 1

        async def test_a_cancelled_verb_gives_back(jobs):
            import asyncio
            begun = asyncio.Event()
            @app.job(name="slow")
            async def slow() -> None:
                begun.set()
                await asyncio.sleep(3600)
            await slow.aenqueue()
            await remind.aenqueue(1)
            performing = asyncio.create_task(jobs.aperform())
            await begun.wait()
            performing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await performing
            assert jobs.pending == [slow, remind]
            assert (await jobs.aperform_one(remind)).entry.attempt == 1
        """,
        f"--jobkit-backend={backend}",
    )
