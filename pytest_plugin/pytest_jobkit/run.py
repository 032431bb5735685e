"""A run: which backends, which test is on, and what every app of the process is told meanwhile."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_jobkit import marks
from pytest_jobkit.arrival import on_arrival
from pytest_jobkit.choice import Choice
from pytest_jobkit.marks import NO_MARKS
from pytest_jobkit.matrix import Matrix
from pytest_jobkit.options import Options, read

if TYPE_CHECKING:
    from jobkit.events import Happening
    from jobkit.sources import Source, Spec
    from pytest_jobkit.case import Case
    from pytest_jobkit.jobs import Jobs


class Run:
    """One per `pytest.Config`. Until somebody imports jobkit it does nothing; only a test with jobs has a case."""

    @classmethod
    def begin(cls, config: pytest.Config) -> None:
        config.addinivalue_line("markers", marks.LINE)
        run = config.stash[RUN] = cls(config, read(config))
        for name in run.options.backends:
            run.choice(name).check(f"--jobkit-backend={run.choice(name).label}")
        config.pluginmanager.register(
            Matrix([run.choice(name).label for name in run.options.backends]), "jobkit-matrix"
        )
        config.add_cleanup(run.end)
        config.add_cleanup(on_arrival("jobkit", run.install))

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.options = options
        self._config = config
        self._choices: dict[str, Choice] = {}
        self._item: pytest.Item | None = None
        self._marks = NO_MARKS
        self._began_ms = 0
        self._case: Case | None = None
        self._last: tuple[pytest.Item | None, Case | None] = (None, None)
        """For the report of the teardown, which is made after it."""
        self._outside: Case | None = None
        self._cases = 0
        self._name = os.urandom(4).hex()
        self._lock = threading.Lock()

    # Backends.

    def choice(self, name: str) -> Choice:
        if name not in self._choices:
            self._choices[name] = Choice(name, self.options.redis_url)
        return self._choices[name]

    def header(self) -> list[str]:
        """A line a backend; and one more where the short name of the fixture is taken."""
        workers = bool(self._config.getoption("numprocesses", None))
        lines = [f"jobkit: {self.choice(name).described(for_workers=workers)}" for name in self.options.backends]
        taken = [plugin for plugin in self._config.pluginmanager.get_plugins() if _has_own_jobs(plugin)]
        lines += [f"jobkit: {_path(plugin)} has a fixture jobs of its own; jobkit's is jobkit_jobs" for plugin in taken]
        return lines

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """Run the tests that use jobs on each backend, and all others once, on the first."""
        marked = metafunc.definition.get_closest_marker("jobkit") is not None
        if not marked and "jobkit_jobs" not in metafunc.fixturenames:
            return
        names = (marked and marks.backends(metafunc.definition)) or self.options.backends
        if len(names) > 1:
            if "jobkit_backend" not in metafunc.fixturenames:
                metafunc.fixturenames.append("jobkit_backend")
            metafunc.parametrize("jobkit_backend", names, ids=[self.choice(name).label for name in names])

    def collect(self, report: pytest.CollectReport) -> pytest.CollectReport:
        """Make a marker that says what nobody understands an error of the collection, which stops there."""
        try:
            for item in report.result:
                if isinstance(item, pytest.Item) and item.get_closest_marker("jobkit") is not None:
                    self._check(item)
        except pytest.UsageError as error:
            report.outcome, report.longrepr, report.result = "failed", str(error), []
        return report

    def _check(self, item: pytest.Item) -> None:
        for name in marks.read(item).backend:
            self.choice(name).check(f"{item.nodeid}: jobkit(backend={name!r})")

    @property
    def backend(self) -> str:
        """The name of the backend that the current test runs on."""
        callspec: Any = getattr(self._item, "callspec", None)
        chosen = callspec.params.get("jobkit_backend") if callspec is not None else None
        return chosen or next(iter(self._marks.backend), self.options.backends[0])

    # What apps are told.

    def install(self) -> None:
        """From here on every app keeps its jobs where the run says, every event is heard, and arguments are shown."""
        from jobkit import events, privacy, sources

        self._config.add_cleanup(privacy.reveal(shown=True))
        self._config.add_cleanup(events.observe(self._hear))
        self._config.add_cleanup(sources.redirect_all(self._redirect))

    def _redirect(self, spec: Spec | None, namespace: str) -> Source:
        return self.touch().source(spec, namespace)

    def _hear(self, event: Happening) -> None:
        """Not of jobs that somebody in a test sends elsewhere."""
        from jobkit import sources

        if sources.redirector() == self._redirect:
            self.touch().tape.hear(event)

    def touch(self) -> Case:
        """The case of the current test, or of everything outside of tests."""
        case = self._case
        if case is None:
            with self._lock:
                case = self._case = self._case or self._make_case()
        return case

    def _make_case(self) -> Case:
        from pytest_jobkit.case import Case

        if self._item is None and self._outside is not None:
            return self._outside
        self._cases += 1
        began = self._began_ms or time.time_ns() // 1_000_000
        case = Case(f"{self._name}-{self._cases}", self.choice(self.backend), self._marks, began, self._config.rootpath)
        if self._item is None:
            self._outside = case
        return case

    def end(self) -> None:
        if self._outside is not None:
            self._outside.close()
        for choice in self._choices.values():
            choice.end()

    # A test's way.

    def enter(self, item: pytest.Item) -> None:
        """Begin with nothing; skip what this backend can't do."""
        __tracebackhide__ = True
        self._item, self._case = item, None
        self._began_ms = time.time_ns() // 1_000_000
        self._marks = NO_MARKS if item.get_closest_marker("jobkit") is None else marks.read(item)
        if self._marks.needs:
            self.touch().need(*self._marks.needs)

    def jobs(self) -> Jobs:
        """The fixture's value."""
        case = self.touch()
        case.used = True
        return case.jobs

    def check(self) -> None:
        """Whether the test, which passed so far, may."""
        __tracebackhide__ = True
        if self._case is not None and self._item is not None:
            from pytest_jobkit.strictness import check

            check(self._case, self._item, self.options.strict)

    def leave(self) -> None:
        """The test is over, its fixtures are torn down: close and remove what was its own."""
        case, item = self._case, self._item
        self._item, self._case, self._marks, self._began_ms = None, None, NO_MARKS, 0
        self._last = (item, case)
        if case is not None and item is not None:
            case.close()

    def prepare(self, call: pytest.CallInfo[None]) -> None:
        """Let an error of jobkit's be shown where it was made."""
        if call.excinfo is not None and "jobkit.errors" in sys.modules and not self._config.getoption("fulltrace"):
            from pytest_jobkit.pruning import prune

            prune(call.excinfo.value)

    def complete(self, item: pytest.Item, report: pytest.TestReport) -> pytest.TestReport:
        """Add what was captured to a failing report, and what the matrix counts to each."""
        case = self._case if self._item is item else self._last[1] if self._last[0] is item else None
        if case is None:
            return report
        if report.failed and not case.silent:
            from pytest_jobkit.timeline import timeline

            report.sections.append(("Captured jobs", timeline(case)))
        Matrix.mark(report, case.choice.label, case.lacked)
        return report

    # What failures show.

    def explain(self, op: str, left: object, right: object) -> list[str] | None:
        """The explanation of a failed comparison of ours."""
        if "pytest_jobkit.log" not in sys.modules:
            return None
        from pytest_jobkit.explain import explain

        return explain(op, left, right, verbose=self._config.get_verbosity() > 1)


RUN: pytest.StashKey[Run] = pytest.StashKey()


def _has_own_jobs(plugin: object) -> bool:
    found = getattr(plugin, "jobs", None)
    is_fixture = "fixture" in type(found).__name__.lower() or hasattr(found, "_pytestfixturefunction")
    return is_fixture and not getattr(plugin, "__name__", "").startswith("pytest_jobkit")


def _path(plugin: object) -> str:
    return str(getattr(plugin, "__file__", plugin))
