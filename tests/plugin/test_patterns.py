"""Patterns: what a test says of a job, and no more."""

from __future__ import annotations

from tests.plugin.conftest import Project


def test_calls_are_bound_to_the_signature(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            send_welcome.enqueue(7)
            assert send_welcome.call(user_id=7) in jobs.enqueued
            assert send_welcome.call(7, "welcome") in jobs.enqueued
            assert send_welcome.call(7, template="welcome") in jobs.enqueued
            assert send_welcome.call(7, "goodbye") not in jobs.enqueued
            with pytest.raises(jobkit.SignatureMismatch):
                send_welcome.call(userid=7) in jobs.enqueued
    """)


def test_partial_compares_what_it_names(project: Project) -> None:
    project.passes("""
        from unittest.mock import ANY

        def test_it(jobs):
            audit.enqueue("signup", {"user": {"id": 7, "name": "Ada"}, "ip": "::1"})
            assert audit.partial() in jobs.enqueued
            assert audit.partial(action="signup") in jobs.enqueued
            assert audit.partial(data={"user": {"id": 7}}) in jobs.enqueued
            assert audit.partial(data={"user": {"id": 8}}) not in jobs.enqueued
            assert audit.partial(data={"port": 1}) not in jobs.enqueued
            assert audit.call("signup", {"user": {"id": 7}}) not in jobs.enqueued
            with pytest.raises(jobkit.SignatureMismatch, match="did you mean 'action'"):
                audit.partial(acton="signup")

        def test_values_may_be_anything_that_knows_how_to_be_equal(jobs):
            audit.enqueue("x", {"price": 0.1 + 0.2})
            assert audit.call("x", ANY) in jobs.enqueued
            assert audit.call(ANY, {"price": pytest.approx(0.3)}) in jobs.enqueued
            assert audit.partial(data={"price": pytest.approx(0.4)}) not in jobs.enqueued
    """)


def test_narrowing(project: Project) -> None:
    project.passes("""
        from datetime import datetime, timezone

        noon = datetime(2040, 1, 1, 12, tzinfo=timezone.utc)

        def test_queue(jobs):
            send_welcome.enqueue(1)
            assert send_welcome.call(1).on("mail") in jobs.enqueued
            assert send_welcome.partial().on("post") in jobs.enqueued
            assert send_welcome.call(1).on("default") not in jobs.enqueued
            with pytest.raises(jobkit.UnknownQueue, match="did you mean 'mail'"):
                send_welcome.call(1).on("mial")

        def test_time(jobs):
            remind.using(delay=3600).enqueue(1)
            remind.using(at=noon).enqueue(2)
            remind.enqueue(3)
            assert remind.call(1).after(3600) in jobs.enqueued
            assert remind.call(1).after(timedelta(hours=1)) in jobs.enqueued
            assert remind.call(1).after(3601) not in jobs.enqueued
            assert remind.call(1).at(jobs.now + timedelta(hours=1)) in jobs.enqueued
            assert remind.call(1).now() not in jobs.enqueued
            assert remind.call(2).at(noon) in jobs.enqueued
            assert remind.call(2).at(noon + timedelta(milliseconds=1)) not in jobs.enqueued
            assert remind.call(3).now() in jobs.enqueued

        def test_a_delay_is_counted_from_its_own_enqueue(jobs):
            jobs.advance(hours=5)
            remind.using(delay=3600).enqueue(1)
            assert remind.call(1).after(3600) in jobs.enqueued

        def test_priority_and_key(jobs):
            remind.using(priority=3, key="k").enqueue(1)
            assert remind.call(1).priority(3).key("k") in jobs.enqueued
            assert remind.call(1).priority(0) not in jobs.enqueued
            assert remind.call(1).key("other") not in jobs.enqueued

        def test_parent(jobs):
            send_welcome.enqueue(1)
            push_crm.enqueue(2)
            jobs.perform()
            assert push_crm.call(1).by(send_welcome) in jobs.performed
            assert push_crm.call(2).by(send_welcome) not in jobs.performed
            assert push_crm.call(2).by(None) in jobs.performed

        def test_options_of_a_call_are_compared_when_stated(jobs):
            remind.using(priority=3).enqueue(1)
            assert remind.call(1) in jobs.enqueued
            assert remind.using(priority=3).call(1) in jobs.enqueued
            assert remind.using(priority=4).call(1) not in jobs.enqueued
            assert remind.using(queue="mail").call(1) not in jobs.enqueued

        def test_an_entry_is_like_a_pattern(jobs):
            remind.enqueue(1)
            assert jobs.enqueued[0] == remind.call(1)
            assert remind.partial() == jobs.enqueued[0]
            assert jobs.enqueued[0] != remind.call(2)
            assert jobs.enqueued[0] == remind
            assert jobs.enqueued[0] != "remind"
    """)
