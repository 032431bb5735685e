"""Jobs that a test left enqueued, neither asserted nor performed."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import HEAD, INI, Project

LEFT = [
    "*2 jobs were left enqueued, neither asserted nor performed:",
    "  *#1 send_welcome(user_id=1)  enqueued at shop.py:45",
    "  *  assert send_welcome.call(user_id=1) in jobs.enqueued",
    "  *#2 audit(action='signup')  enqueued at shop.py:46",
    "  *  assert audit.call(action='signup') in jobs.enqueued",
    "  *on purpose:  jobs.ignore(send_welcome, audit), or @pytest.mark.jobkit(allow=[[]send_welcome, audit[]])",
]

TEST = """
    def test_it(jobs):
        sign_up(1)
"""


def without_filter(project: Project) -> None:
    project.write("tox.ini", INI.replace("filterwarnings = error", "filterwarnings = default"))


def test_it_is_a_warning_with_the_assertion_to_paste(project: Project) -> None:
    without_filter(project)
    result = project.run(TEST)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["test_it.py::test_it", "*test_it.py:12: LeftoverJobWarning: 2 jobs were left*", *LEFT[1:]]
    )


def test_a_filter_makes_it_an_error(project: Project) -> None:
    result = project.run(TEST)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(LEFT)
    assert "During handling" not in result.stdout.str()


def test_an_ini_key_makes_it_an_error(project: Project) -> None:
    project.write(
        "tox.ini", INI.replace("filterwarnings = error", "filterwarnings = ignore\n    jobkit_strict = leftover")
    )
    result = project.run(TEST)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(LEFT)


def test_the_ini_key_knows_its_words(project: Project) -> None:
    project.write("tox.ini", INI.replace("filterwarnings = error", "jobkit_strict = leftovers"))
    result = project.run(TEST)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: jobkit_strict: there is no 'leftovers'; it takes leftover"])


def test_the_pasted_assertion_passes(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            sign_up(1)
            assert send_welcome.call(user_id=1) in jobs.enqueued
            assert audit.call(action='signup') in jobs.enqueued
    """)


def test_what_counts_as_looked_at(project: Project) -> None:
    project.passes("""
        def test_in(jobs):
            sign_up(1)
            assert send_welcome.partial() in jobs.pending
            assert audit in jobs.enqueued.on("audit")

        def test_equal(jobs):
            sign_up(1)
            assert jobs.enqueued == [send_welcome, audit]

        def test_only_and_count(jobs):
            sign_up(1)
            jobs.enqueued.only(send_welcome)
            jobs.enqueued.count(audit)

        def test_an_entry(jobs):
            sign_up(1)
            first, second = jobs.enqueued
            assert first == send_welcome.call(1) and second == audit

        def test_performed(jobs):
            sign_up(1)
            jobs.perform()

        def test_tried_and_to_be_tried_again(jobs):
            charge.enqueue(13)
            jobs.perform()

        def test_cancelled(jobs):
            app.cancel(remind.using(delay=60).enqueue(1))

        def test_without_the_fixture_nobody_asks():
            sign_up(1)
    """)


@pytest.mark.parametrize(
    "look",
    [
        "list(jobs.enqueued)",
        "len(jobs.enqueued) == 1",
        "repr(jobs.enqueued)",
        "jobs.enqueued[0].args",
        "assert remind.call(2) not in jobs.enqueued",
        "assert jobs.enqueued != [remind.call(2)]",
        "assert jobs.enqueued[0] != remind.call(2)",
        "jobs.perform(only=audit)",
    ],
)
def test_what_does_not_count(project: Project, look: str) -> None:
    result = project.run(f"""
    def test_it(jobs):
        remind.enqueue(1)
        {look}
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1 job was left enqueued, neither asserted nor performed:"])


def test_on_purpose(project: Project) -> None:
    project.passes("""
        def test_ignore(jobs):
            sign_up(1)
            jobs.ignore(send_welcome, audit.call("signup"))

        def test_ignore_what_comes_later(jobs):
            jobs.ignore(send_welcome, audit)
            sign_up(1)

        @pytest.mark.jobkit(allow=[send_welcome, audit.partial(action="signup")])
        def test_allow(jobs):
            sign_up(1)

        @pytest.mark.jobkit(allow=audit)
        class TestAllow:
            @pytest.mark.jobkit(allow=send_welcome)
            def test_markers_add_up(self, jobs):
                sign_up(1)
    """)


def test_not_everything_is_ignored(project: Project) -> None:
    result = project.run("""
    def test_it(jobs):
        sign_up(1)
        jobs.ignore(audit.call("other"), send_welcome)
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1 job was left enqueued*", "  #2 audit*"])


def test_the_tests_own_assertion_wins(project: Project) -> None:
    without_filter(project)
    result = project.run(
        """
    def test_it(jobs):
        sign_up(1)
        assert 1 == 2
    """,
        head=HEAD,
    )
    result.assert_outcomes(failed=1, warnings=0)
