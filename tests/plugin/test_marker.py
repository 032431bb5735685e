"""``@pytest.mark.jobkit(...)``."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            "preform='inline'",
            "the marker jobkit has no argument 'preform'; did you mean 'perform'? There are: perform,*",
        ),
        ("chaso=True", "the marker jobkit has no argument 'chaso'; did you mean 'chaos'? There are: perform,*isolate"),
        ("chaos=None", "jobkit(chaos=...) takes True, False, a number of runs, 'sweep', or names of faults, not None"),
        ("chaos=[]", "jobkit(chaos=...) takes True, False, a number of runs, 'sweep', or names of faults, not *"),
        ("chaos=3", "jobkit(chaos=...) takes at least 5 runs (three of them without any fault), not 3"),
        (
            "chaos='duplicates'",
            "jobkit(chaos=...) there is no fault 'duplicates'; did you mean 'duplicate'? There are: *",
        ),
        ("'inline'", "the marker jobkit takes named arguments only: perform, backend, needs, allow, chaos, isolate"),
        ("perform='now'", "jobkit(perform=...) does not know 'now'. It knows: inline, manual"),
        ("needs=['delays']", "jobkit(needs=...) does not know 'delays'; did you mean 'delay'? It knows: *delay*"),
        ("needs=7", "jobkit(needs=...) does not know 7. It knows: *"),
        ("allow=['audit']", "jobkit(allow=...): look for job.call(...), job.partial(...) or a job, not str 'audit'"),
        ("backend=7", "jobkit(backend=...) is a name or a list of names, not 7"),
        ("backend=[]", "jobkit(backend=...) is a name or a list of names, not *"),
        ("backend='nonsense'", "jobkit(backend='nonsense'): no backend for 'nonsense': a URL begins with one of*"),
    ],
)
def test_what_nobody_understands_stops_the_collection_by_name(project: Project, arguments: str, complaint: str) -> None:
    result = project.run(f"""
        def test_others():
            raise AssertionError

        @pytest.mark.jobkit({arguments})
        def test_it():
            raise AssertionError
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR collecting test_it.py*", f"test_it.py::test_it: {complaint}"])


def test_on_a_class_it_stops_too(project: Project) -> None:
    result = project.run("""
        @pytest.mark.jobkit(nonsense=1)
        class TestIt:
            def test_it(self):
                pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["test_it.py::TestIt::test_it: the marker jobkit has no argument 'nonsense'*"])


def test_on_a_unittest_it_stops_too(project: Project) -> None:
    result = project.run("""
        import unittest

        @pytest.mark.jobkit(nonsense=1)
        class TestIt(unittest.TestCase):
            def test_it(self):
                pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["test_it.py::TestIt::test_it: the marker jobkit has no argument 'nonsense'*"])


def test_needs_skips_what_the_backend_lacks(project: Project) -> None:
    project.write("poor.py", POOR)
    result = project.run(
        """
        @pytest.mark.jobkit(needs=["delay"])
        def test_delay():
            raise AssertionError

        @pytest.mark.jobkit(needs=["priority", "dead-letters"])
        def test_dead_letters(jobs):
            raise AssertionError

        @pytest.mark.jobkit(needs="priority")
        def test_priority():
            remind.using(priority=3).enqueue(1)

        def test_others(jobs):
            remind.enqueue(1)
            jobs.perform()
            assert done == [("remind", 1)]
        """,
        "--jobkit-backend=poor:factory",
        "-rs",
    )
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines(
        [
            "*the backend poor:factory lacks: delay",
            "*the backend poor:factory lacks: dead-letters",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "backend       passed  failed  skipped",
            "poor:factory       2       0        2",
            "    lacks delay: test_it.py::test_delay",
            "    lacks dead-letters: test_it.py::test_dead_letters",
        ]
    )


POOR = """
    import msgspec
    from jobkit.backends.inline.backend import CAPABILITIES, InlineBackend, memory

    class Poor(InlineBackend):
        capabilities = msgspec.structs.replace(CAPABILITIES, delay=False, dead_letters=False)

    def factory(url, namespace, clock):
        return Poor(memory("poor", namespace), clock)
"""


def test_needs_of_class_and_test_add_up(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(needs=["results"])
        class TestIt:
            @pytest.mark.jobkit(needs=["delay"])
            def test_it(self):
                raise AssertionError
        """,
        "-rs",
    )
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the backend inline lacks: results"])


def test_what_the_backend_has_runs(project: Project) -> None:
    project.passes("""
        @pytest.mark.jobkit(needs=["delay", "clock", "keys", "fifo", "dead_letters"])
        def test_it(jobs):
            place_order(1)
            jobs.advance(days=1)
            assert done == [("remind", 1)]
    """)


def test_backend_says_where_this_test_runs(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.jobkit(backend="fakeredis")
        def test_one(jobkit_backend):
            assert jobkit_backend == "fakeredis"
            assert "redis" in type(app.clients("mail").source.open()).__name__.lower()

        @pytest.mark.jobkit(backend=["inline", "fakeredis"])
        def test_each(jobkit_backend, jobs):
            remind.enqueue(1)
            jobs.perform()
            print(f"ran on {jobkit_backend}")

        @pytest.mark.jobkit(backend="fakeredis")
        class TestClosest:
            @pytest.mark.jobkit(backend="inline")
            def test_it(self, jobkit_backend):
                assert jobkit_backend == "inline"

        def test_others(jobkit_backend):
            assert jobkit_backend == "inline"
        """,
        "-sv",
    )
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(
        ["*test_each[[]inline[]]*ran on inline*", "*test_each[[]fakeredis[]]*ran on fakeredis*"]
    )
