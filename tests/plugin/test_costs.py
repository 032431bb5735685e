"""A run without jobs pays for none of this."""

from __future__ import annotations

import sys
import textwrap
from types import ModuleType

import pytest

from pytest_jobkit.import_hook import on_first_import
from tests.plugin.conftest import Project

BARE = ("-p", "pytest_jobkit.plugin", "-W", "ignore")


@pytest.fixture
def alone(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Other plugins import what this one must not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return project


def bare(project: Project, tests: str) -> pytest.RunResult:
    """Run these tests in a process that loads the plugin and no other."""
    project.write("test_it.py", tests)
    return project.pytester.runpytest_subprocess("-p", "no:cacheprovider", *BARE)


@pytest.mark.realtime
def test_the_plugin_imports_nothing_that_a_run_without_jobs_does_not_need(alone: Project) -> None:
    result = bare(
        alone,
        """
        import sys

        def test_it():
            for name in ("jobkit", "asyncio", "msgspec", "redis", "hypothesis", "jobkit_conformance"):
                assert name not in sys.modules, name

        def test_failing_comparisons_neither():
            try:
                assert [1] == [2]
            except AssertionError:
                assert "jobkit" not in sys.modules
        """,
    )
    result.assert_outcomes(passed=2)


@pytest.mark.realtime
def test_once_jobkit_is_imported_everything_is_in_place(alone: Project) -> None:
    result = bare(
        alone,
        """
        import sys

        def test_in_the_middle_of_a_test():
            assert "jobkit" not in sys.modules
            from shop import remind, app
            from jobkit.connections.resolver import is_overridden
            assert is_overridden()
            remind.enqueue(1)
            assert app.clients("mail").source.namespace.startswith("jobkit-test-")
            import jobkit
            assert "exec_module" not in vars(jobkit.__spec__.loader)

        def test_the_next_has_the_fixture(jobs):
            from shop import remind
            assert jobs.enqueued == []
            remind.enqueue(1)
            jobs.perform()
            assert remind.call(1) in jobs.performed
        """,
    )
    result.assert_outcomes(passed=2)


def test_a_test_that_touches_no_job_has_no_case(project: Project) -> None:
    project.passes("""
        def test_it(request):
            from pytest_jobkit.session import RUN
            assert request.config.stash[RUN]._case is None

        def test_touching_makes_one(request):
            from pytest_jobkit.session import RUN
            remind.enqueue(1)
            assert request.config.stash[RUN]._case is not None
    """)


def test_what_the_hooks_cost(project: Project) -> None:
    """Measured as the hooks of one test without jobs; the machine may be ten times slower than it should be."""
    project.write(
        "conftest.py",
        """
        import time
        import pytest
        from pytest_jobkit import plugin

        def way(item):
            assert plugin.pytest_runtest_protocol(item, None) is None
            plugin.pytest_runtest_setup(item)
            plugin.pytest_runtest_call(item)
            hook = plugin.pytest_runtest_teardown(item)
            next(hook)
            next(hook, None)
            call = pytest.CallInfo.from_call(lambda: None, "call")
            for _ in range(3):
                hook = plugin.pytest_runtest_makereport(item, call)
                next(hook)
                try:
                    hook.send(report)
                except StopIteration:
                    pass

        class report:
            failed, when = False, "call"

        @pytest.fixture
        def cost(request):
            def measure():
                begin = time.perf_counter()
                for _ in range(1000):
                    way(request.node)
                return (time.perf_counter() - begin) / 1000
            return measure
        """,
    )
    project.passes("""
        def test_it(cost):
            assert min(cost() for _ in range(5)) < 200e-6
    """)


# The arrival of a module.


@pytest.fixture
def late(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "late_module.py").write_text(textwrap.dedent("value = 7"))  # type: ignore[operator]
    monkeypatch.delitem(sys.modules, "late_module", raising=False)
    return "late_module"


def test_it_calls_back_once_the_module_has_run(late: str) -> None:
    seen: list[object] = []
    on_first_import(late, lambda: seen.append(getattr(sys.modules[late], "value", None)))
    assert seen == []
    import late_module  # type: ignore[import-not-found]

    assert seen == [7]
    assert late_module.__spec__.loader.get_source(late) == "value = 7"
    assert not any(type(finder).__module__ == "pytest_jobkit.import_hook" for finder in sys.meta_path)


def test_it_calls_back_at_once_if_the_module_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "early_module", ModuleType("early_module"))
    seen: list[int] = []
    on_first_import("early_module", lambda: seen.append(1))
    assert seen == [1]


def test_nobody_waits_after_the_end(late: str) -> None:
    seen: list[int] = []
    leave = on_first_import(late, lambda: seen.append(1))
    leave()
    leave()
    import late_module

    assert late_module.value == 7
    assert seen == []


def test_a_module_that_is_not_there_is_not_there() -> None:
    leave = on_first_import("no_module_has_this_name", lambda: None)
    with pytest.raises(ModuleNotFoundError):
        import no_module_has_this_name  # type: ignore[import-not-found]  # noqa: F401
    leave()
