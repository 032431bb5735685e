"""What a failed assertion says: its first eight lines, as pytest shows them."""

from __future__ import annotations

from collections.abc import Callable

from tests.plugin.conftest import Project

Explained = Callable[[str], list[str]]


def test_the_closest_job_field_by_field(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            sign_up(2)
            send_welcome.enqueue(1)
            assert send_welcome.call(user_id=1, template="goodbye").on("mail") in jobs.enqueued
    """) == [
        "assert send_welcome.call(user_id=1, template='goodbye').on('mail') in jobs.enqueued",
        "closest is #3, enqueued at test_it.py:14, with 2 of 3 equal",
        "! template  'welcome', expected 'goodbye'",
        "user_id   1",
        "queue     'mail'",
        "also there: #1 send_welcome(user_id=2), #2 audit(action='signup')",
    ]


def test_every_option_that_was_stated(explained: Explained) -> None:
    lines = explained("""
        def test_it(jobs):
            remind.using(delay=60, priority=3, key="k").enqueue(1)
            assert remind.call(1).after(90).priority(4).key("other").on("mail") in jobs.pending
    """)
    assert lines[1:] == [
        "closest is #1, enqueued at test_it.py:13, with 1 of 5 equal",
        "! queue     'default', expected 'mail'",
        "! delay     0:01:00, expected 0:01:30",
        "! priority  3, expected 4",
        "! key       'k', expected 'other'",
        "order_id  1",
    ]


def test_the_job_is_there_and_in_another_state(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            place_order(1)
            jobs.perform()
            assert remind.call(1) in jobs.performed
    """) == [
        "assert remind.call(order_id=1) in jobs.performed",
        "#1 is like that, and is pending, due in 1 day, 0:00:00: jobs.advance(...) gets there",
        "#1 remind(order_id=1), enqueued at shop.py:50",
    ]


def test_the_job_is_there_and_was_not_performed(explained: Explained) -> None:
    assert (
        explained("""
        def test_it(jobs):
            remind.enqueue(1)
            assert remind.call(1) in jobs.performed
    """)[1]
        == "#1 is like that, and is pending: jobs.perform() performs it"
    )


def test_the_job_is_there_and_dead(explained: Explained) -> None:
    assert (
        explained("""
        def test_it(jobs):
            charge.enqueue(13)
            jobs.advance(hours=1)
            assert charge.call(13) in jobs.performed
    """)[1]
        == "#1 is like that, and is dead: ConnectionError('refused')"
    )


def test_the_job_is_there_and_on_another_queue(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            remind.enqueue(1)
            assert remind.call(1) in jobs.enqueued.on("mail")
    """) == [
        "assert remind.call(order_id=1) in jobs.enqueued.on('mail')",
        "#1 is like that, and is pending on default",
        "#1 remind(order_id=1), enqueued at test_it.py:13",
    ]


def test_no_job_of_that_name(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            sign_up(1)
            assert push_crm.call(1) in jobs.enqueued
    """) == [
        "assert push_crm.call(user_id=1) in jobs.enqueued",
        "no push_crm there, but 2 others:",
        "#1 send_welcome(user_id=1), enqueued at shop.py:45",
        "#2 audit(action='signup'), enqueued at shop.py:46",
    ]


def test_a_name_that_is_nearly_the_same(explained: Explained) -> None:
    assert explained("""
        @app.job(name="send_welcome_sms")
        def send_welcome_sms(user_id: int) -> None: ...

        def test_it(jobs):
            send_welcome.enqueue(1)
            send_welcome.enqueue(2)
            assert send_welcome_sms in jobs.enqueued
    """)[:2] == [
        "assert send_welcome_sms in jobs.enqueued",
        "no send_welcome_sms there; did you mean send_welcome (2 there)?",
    ]


def test_nothing_at_all(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            assert push_crm.call(1) in jobs.enqueued
    """) == ["assert push_crm.call(user_id=1) in jobs.enqueued", "jobs.enqueued is empty"]


def test_not_in(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            sign_up(1)
            sign_up(2)
            assert send_welcome not in jobs.enqueued
    """)[:3] == [
        "assert send_welcome not in jobs.enqueued",
        "#1 send_welcome(user_id=1), enqueued at shop.py:45",
        "#3 send_welcome(user_id=2), enqueued at shop.py:45",
    ]


def test_two_lists(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            sign_up(1)
            remind.enqueue(3)
            assert jobs.enqueued == [send_welcome.call(2), audit.call("signup")]
    """) == [
        "assert jobs.enqueued == [send_welcome.call(user_id=2), audit.call(action='signup')]",
        "3 there, 2 expected",
        "[0] #1 send_welcome(user_id=1), enqueued at shop.py:45, expected send_welcome.call(user_id=2)",
        "! user_id  1, expected 2",
        "[2] #3 remind(order_id=3), enqueued at test_it.py:14, not expected",
    ]


def test_a_list_that_is_longer(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            assert [remind.call(1), remind] == jobs.enqueued
    """)[1:] == ["0 there, 2 expected", "[0] missing: remind.call(order_id=1)", "[1] missing: remind"]


def test_an_entry(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            sign_up(1)
            assert jobs.enqueued[0] == send_welcome.call(2)
    """) == [
        "assert send_welcome.call(user_id=1) == send_welcome.call(user_id=2)",
        "#1 send_welcome(user_id=1), enqueued at shop.py:45",
        "! user_id   1, expected 2",
        "template  'welcome'",
    ]


def test_an_entry_of_another_job(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            remind.enqueue(1)
            assert jobs.enqueued[0] == charge
    """) == [
        "assert remind.call(order_id=1) == charge",
        "#1 remind(order_id=1), enqueued at test_it.py:13, is no charge",
    ]


def test_long_values_are_shown_where_they_part(explained: Explained) -> None:
    lines = explained("""
        def test_it(jobs):
            data = {f"name{n}": n for n in range(50)}
            audit.enqueue("x", data)
            assert audit.call("x", data | {"name40": 41}) in jobs.enqueued
    """)
    assert lines[2] == (
        "! data    ... 'name40': 40, 'name41': 41, 'name42..., expected ... 'name40': 41, 'name41': 41, 'name42..."
    )


def test_no_more_than_pytest_shows(explained: Explained) -> None:
    lines = explained("""
        def test_it(jobs):
            for n in range(100):
                audit.enqueue("x" * 200, {"n": n})
            assert remind in jobs.enqueued
    """)
    assert lines[1] == "no remind there, but 100 others:"
    assert len(lines) <= 8
    assert sum(map(len, lines)) <= 640
    assert not any("truncated" in line for line in lines)


def test_verbose_shows_all(project: Project) -> None:
    result = project.run(
        """
        def test_it(jobs):
            for n in range(30):
                remind.enqueue(n)
            assert charge in jobs.enqueued
        """,
        "-vv",
    )
    assert sum("#" in line for line in result.outlines if line.startswith("E  ")) == 30


def test_only_says_what_is_there_instead(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            sign_up(1)
            jobs.enqueued.only(send_welcome.call(3))
    """) == [
        "no send_welcome.call(user_id=3) in jobs.enqueued",
        "closest is #1, enqueued at shop.py:45, with 1 of 2 equal",
        "! user_id   1, expected 3",
        "template  'welcome'",
        "also there: #2 audit(action='signup')",
    ]


def test_comparisons_of_others_are_left_alone(explained: Explained) -> None:
    assert explained("""
        def test_it(jobs):
            assert [1, 2] == [1, 3]
    """)[:2] == ["assert [1, 2] == [1, 3]", ""]


def test_an_error_at_an_enqueue_is_shown_at_its_line(project: Project) -> None:
    result = project.run("""
        def test_mismatch():
            send_welcome.enqueue(1, templat="x")

        def test_lossy():
            audit.enqueue("x", {"a": object()})

        async def test_blocking():
            remind.enqueue(1)
    """)
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "E*jobkit.errors.SignatureMismatch: shop.send_welcome(user_id, *)*did you mean 'template'*",
            "test_it.py:13: SignatureMismatch",
            "E*jobkit.errors.LossyArgument: shop.audit: data[[]'a'[]]*",
            "test_it.py:16: LossyArgument",
            "E*jobkit.errors.RunningLoop: remind.enqueue() would block*await aenqueue() instead",
            "test_it.py:19: RunningLoop",
        ]
    )
    full = project.again("--full-trace")
    full.stdout.fnmatch_lines(["*/signature.py:*: SignatureMismatch"])


def test_an_error_of_a_job_is_shown_in_the_job(project: Project) -> None:
    result = project.run("""
        def test_it(jobs):
            charge.enqueue(14)
            jobs.perform()
    """)
    result.stdout.fnmatch_lines(
        [
            ">*jobs.perform()",
            "test_it.py:14: *",
            ">*raise ValueError(*",
            "E*ValueError: bad order",
            "E*raised by #1 charge(order_id=14), attempt 1, enqueued at test_it.py:13",
            "shop.py:33: ValueError",
        ]
    )
    assert "execution.py" not in result.stdout.str()
    assert "performing.py" not in result.stdout.str()
