"""The logs: live, ordered, like a list."""

from __future__ import annotations

from tests.plugin.conftest import Project


def test_each_job_is_in_the_logs_of_its_state(project: Project) -> None:
    project.passes("""
        def test_enqueued_and_pending_before_it_is_performed(jobs):
            push_crm.enqueue(7)
            assert push_crm.call(7) in jobs.enqueued
            assert push_crm.call(7) in jobs.pending
            assert push_crm.call(7) not in jobs.performed
            assert done == []

        def test_performed_and_no_longer_pending_afterwards(jobs):
            push_crm.enqueue(7)
            jobs.perform()
            assert push_crm.call(7) in jobs.enqueued
            assert push_crm.call(7) not in jobs.pending
            assert push_crm.call(7) in jobs.performed
            assert done == [("push_crm", 7)]

        def test_a_retry_is_no_new_entry_and_failed_has_one_an_attempt(jobs):
            charge.enqueue(13)
            jobs.perform()
            assert len(jobs.enqueued) == 1
            assert charge.call(13) in jobs.pending
            jobs.advance(minutes=1)
            assert [(entry.attempt, entry.state) for entry in jobs.failed] == [
                (1, "retrying"), (2, "retrying"), (3, "dead")
            ]
            assert len(jobs.enqueued) == 1
            assert jobs.performed == []
            assert charge.call(13) in jobs.dead

        def test_what_is_discarded_failed_and_is_not_dead(jobs):
            charge.enqueue(15)
            jobs.perform()
            assert jobs.failed.only(charge.call(15)).state == "discarded"
            assert jobs.dead == [] and jobs.pending == [] and jobs.performed == []

        def test_a_job_cancelled_by_the_app_is_not_pending(jobs):
            receipt = remind.using(delay=60).enqueue(1)
            app.cancel(receipt)
            assert jobs.pending == []
            assert jobs.enqueued.only().state == "cancelled"
            jobs.advance(hours=1)
            assert done == []

        def test_only_accepted_jobs_are_enqueued(jobs):
            first = remind.using(key="one").enqueue(1)
            assert not remind.using(key="one").enqueue(2)
            assert not remind.using(id=first.id, key="one").enqueue(1)
            assert jobs.enqueued == [remind.call(1)]
    """)


def test_a_log_is_like_a_list(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            sign_up(1)
            log = jobs.enqueued
            assert len(log) == 2 and log
            assert log[0] == send_welcome.call(1) and log[-1] == audit.call("signup")
            assert log[:1] == [log[0]]
            assert [entry.job for entry in log] == [send_welcome, audit]
            assert log == [send_welcome.call(1), audit.call("signup")]
            assert [send_welcome.call(1), audit.call("signup")] == log
            assert log != [audit.call("signup"), send_welcome.call(1)]
            assert log != [send_welcome.call(1)]
            assert repr(log) == "[send_welcome.call(user_id=1), audit.call(action='signup')]"
            assert not jobs.performed

        def test_it_is_live(jobs):
            log = jobs.enqueued
            assert len(log) == 0
            audit.enqueue("a")
            assert len(log) == 1
            assert log == [audit]

        def test_reprs_are_python(jobs):
            audit.using(delay=90, priority=3, key="k").enqueue("x", data={"a": [1]})
            entry = jobs.enqueued.only()
            assert repr(entry) == "audit.using(priority=3, delay=90, key='k').call(action='x', data={'a': [1]})"
            assert eval(repr(entry)) in jobs.enqueued
    """)


def test_logs_are_narrowed(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            sign_up(1)
            audit.enqueue("other")
            assert jobs.enqueued.on("mail") == [send_welcome.call(1)]
            assert jobs.enqueued.on("post") == [send_welcome.call(1)]
            assert len(jobs.enqueued.on("mail", "audit")) == 3
            assert jobs.enqueued.of(audit) == [audit.call("signup"), audit.call("other")]
            assert jobs.enqueued.but(audit) == [send_welcome]
            assert jobs.enqueued.but(audit, send_welcome) == []
            assert jobs.enqueued.on("audit").of(audit).but(send_welcome).count(audit) == 2
            assert audit.call("signup") not in jobs.enqueued.on("mail")

        def test_a_queue_that_nobody_has_is_no_empty_log(jobs):
            sign_up(1)
            with pytest.raises(jobkit.UnknownQueue, match="did you mean 'mail'"):
                jobs.enqueued.on("mial")
            jobs.ignore(audit, send_welcome)

        def test_queues_go_by_the_names_that_the_app_has_for_them(jobs):
            prefixed = jobkit.App(prefix="eu-")
            prefixed.queue("mail", aliases=["post"])
            @prefixed.job(name="prefixed", queue="mail")
            def prefixed_job() -> None: ...
            prefixed_job.enqueue()
            assert jobs.enqueued.only().queue == "mail"
            assert prefixed_job.call().on("post") in jobs.enqueued.on("mail")
            jobs.perform(queue="post")
            assert jobs.performed == [prefixed_job]

        def test_a_queue_of_an_app_that_has_enqueued_nothing(jobs):
            audit.enqueue("x")
            assert jobs.enqueued.on("quite_another") == [] and jobs.enqueued.on("audit") == [audit]

        def test_a_name_is_no_job(jobs):
            with pytest.raises(TypeError, match="name the job itself"):
                jobs.enqueued.of("audit")
    """)


def test_count_and_only(project: Project) -> None:
    project.passes("""
        def test_count(jobs):
            for user in (1, 2, 2):
                push_crm.enqueue(user)
            assert jobs.enqueued.count(push_crm.call(2)) == 2
            assert jobs.enqueued.count(push_crm) == 3
            assert jobs.enqueued.count(audit) == 0

        def test_only_returns_the_entry(jobs):
            sign_up(1)
            entry = jobs.enqueued.only(audit)
            assert entry.args == {"action": "signup", "data": None}
            assert jobs.enqueued.on("mail").only().job is send_welcome

        def test_only_is_exactly_one(jobs):
            push_crm.enqueue(1)
            push_crm.enqueue(1)
            with pytest.raises(AssertionError, match=r"2 times push_crm.call\\(user_id=1\\) in jobs.enq"):
                jobs.enqueued.only(push_crm.call(1))
            with pytest.raises(AssertionError, match=r"no push_crm.call\\(user_id=2\\) in jobs.enqueued"):
                jobs.enqueued.only(push_crm.call(2))
            with pytest.raises(AssertionError, match="no job in jobs.performed"):
                jobs.performed.only()
            assert jobs.enqueued == [push_crm, push_crm]
    """)


def test_what_can_never_be_in_a_log_is_an_error(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            for nonsense in ("send_welcome", send_welcome.function, 7, send_welcome.using(queue="mail")):
                with pytest.raises(TypeError, match="look for job.call"):
                    nonsense in jobs.enqueued
                with pytest.raises(TypeError, match="look for job.call"):
                    nonsense not in jobs.enqueued
    """)


def test_an_entry_says_everything(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            before = jobs.now
            receipt = remind.using(delay=60, priority=4, key="k").enqueue(7)
            entry = jobs.enqueued.only()
            assert entry.id == receipt.id
            assert entry.job is remind and entry.args == {"order_id": 7}
            assert (entry.queue, entry.priority, entry.key) == ("default", 4, "k")
            assert entry.due == before + timedelta(seconds=60) == receipt.due
            assert (entry.attempt, entry.state, entry.error, entry.parent) == (0, "pending", None, None)
            assert str(entry.site) == "test_it.py:14"

        def test_of_what_it_has_become(jobs):
            charge.enqueue(13)
            jobs.perform()
            entry = jobs.enqueued[0]
            assert (entry.attempt, entry.state) == (1, "retrying")
            assert isinstance(entry.error, ConnectionError)
            assert jobs.failed[0] == entry and jobs.failed[0].error is entry.error

        def test_its_parent(jobs):
            send_welcome.enqueue(3)
            jobs.perform()
            child = jobs.performed.only(push_crm)
            assert child.parent == jobs.enqueued[0]
            assert child.parent.job is send_welcome
            assert str(child.site) == "shop.py:13"

        def test_arguments_are_those_that_travelled(jobs):
            data = {"a": 1}
            audit.enqueue("x", data)
            data["a"] = 2
            assert jobs.enqueued.only().args["data"] == {"a": 1}
            assert audit.call("x", {"a": 1}) in jobs.enqueued

        def test_an_entry_of_one_log_is_found_in_another(jobs):
            push_crm.enqueue(1)
            push_crm.enqueue(1)
            first, second = jobs.enqueued
            jobs.perform_one()
            assert first in jobs.performed and second not in jobs.performed
            assert second in jobs.pending
    """)
