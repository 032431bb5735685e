"""The section *Captured jobs* of a failing test."""

from __future__ import annotations

from tests.plugin.conftest import Project, captured


def test_who_enqueued_what_from_where_as_a_tree(project: Project) -> None:
    result = project.run("""
        def test_it(jobs):
            sign_up(1)
            place_order(7)
            jobs.advance(seconds=3)
            push_crm.enqueue(2)
            assert False
    """)
    assert captured(result) == [
        "#1 send_welcome(user_id=1)  on mail     performed                 shop.py:45",
        "  #4 push_crm(user_id=1)    on default  performed                 shop.py:13",
        "#2 audit(action='signup')   on audit    performed                 shop.py:46",
        "#3 remind(order_id=7)       on default  pending, due in 23:59:57  shop.py:50",
        "#5 push_crm(user_id=2)      on default  pending, after 0:00:03    test_it.py:16",
    ]


def test_attempts_that_failed(project: Project) -> None:
    result = project.run("""
        def test_it(jobs):
            charge.enqueue(13)
            jobs.advance(seconds=3)
            assert False
    """)
    raised = "raised ConnectionError('refused')"
    assert captured(result) == [
        f"#1 charge(order_id=13)  on default  attempt 2 {raised}, again in 0:00:01  test_it.py:13",
        f"   attempt 1 {raised}",
    ]


def test_every_failing_test_that_touched_a_job(project: Project) -> None:
    result = project.run("""
        def test_without_the_fixture():
            remind.enqueue(1)
            assert False
    """)
    assert captured(result) == ["#1 remind(order_id=1)  on default  pending  test_it.py:13"]


def test_also_when_a_fixture_failed(project: Project) -> None:
    result = project.run("""
        @pytest.fixture
        def user():
            remind.enqueue(1)
            raise ValueError

        def test_it(user):
            pass
    """)
    result.assert_outcomes(errors=1)
    assert captured(result) == ["#1 remind(order_id=1)  on default  pending  test_it.py:14"]


def test_also_when_the_teardown_failed(project: Project) -> None:
    result = project.run("""
        @pytest.fixture
        def user():
            yield
            remind.enqueue(1)
            raise ValueError

        def test_it(user):
            pass
    """)
    result.assert_outcomes(passed=1, errors=1)
    assert captured(result) == ["#1 remind(order_id=1)  on default  pending  test_it.py:15"]


def test_no_other_test(project: Project) -> None:
    result = project.run("""
        def test_passes(jobs):
            remind.enqueue(1)
            jobs.perform()

        def test_touches_none(jobs):
            assert False
    """)
    result.assert_outcomes(passed=1, failed=1)
    assert "Captured jobs" not in result.stdout.str()


def test_what_was_not_enqueued(project: Project) -> None:
    result = project.run("""
        def refuse(outgoing):
            raise jobkit.Refuse("closed today")

        app.queue("closed", enqueue=[refuse])

        def test_it():
            first = remind.using(key="k").enqueue(1)
            remind.using(key="k").enqueue(2)
            remind.using(id=first.id, key="k").enqueue(1)
            remind.using(id=first.id).enqueue(3)
            remind.using(queue="closed").enqueue(4)
            assert False
    """)
    assert captured(result) == [
        "#1 remind(order_id=1)  on default  pending  test_it.py:18",
        "- remind was not enqueued, key taken by #1, at test_it.py:19",
        "- remind was not enqueued, duplicate, at test_it.py:20",
        "- remind was not enqueued, conflict, at test_it.py:21",
        "- remind was not enqueued, refused: closed today, at test_it.py:22",
    ]


def test_jobs_of_threads(project: Project) -> None:
    result = project.run("""
        import threading

        def test_it():
            thread = threading.Thread(target=remind.enqueue, args=(1,))
            thread.start()
            thread.join()
            assert False
    """)
    (line,) = captured(result)
    assert line.startswith("#1 remind(order_id=1)  on default  pending")


def test_a_line_of_the_project_rather_than_of_a_library(project: Project) -> None:
    project.write(
        "site-packages/library.py",
        """
        import shop

        def call(function, *args):
            return function(*args)

        def remind():
            shop.remind.enqueue(2)
        """,
    )
    result = project.run("""
        import sys, threading
        sys.path.append("site-packages")
        import library

        def test_it():
            library.call(remind.enqueue, 1)
            thread = threading.Thread(target=library.remind)
            thread.start()
            thread.join()
            assert False
    """)
    assert captured(result) == [
        "#1 remind(order_id=1)  on default  pending  test_it.py:17",
        "#2 remind(order_id=2)  on default  pending  site-packages/library.py:7",
    ]


def test_each_state_has_its_word(project: Project) -> None:
    result = project.run("""
        def skip(context):
            raise jobkit.Skip("not on sundays")

        app.queue("skipped", perform=[skip])

        def test_it(jobs):
            charge.enqueue(15)
            remind.using(queue="skipped").enqueue(1)
            app.cancel(remind.using(delay=5).enqueue(2))
            jobs.perform()
            jobs.run(charge.call(5), attempt=9)
            assert False
    """)
    lines = captured(result)
    assert "discarded: LookupError('no such order')" in lines[0]
    assert "skipped: not on sundays" in lines[1]
    assert "cancelled" in lines[2]
    assert "dead: attempt 9 of at most 3" in lines[3]
