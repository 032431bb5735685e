"""A run: which backends, which test is on, and what every app of the process is told meanwhile."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_jobkit import isolation, marker
from pytest_jobkit.backends.matrix import Matrix
from pytest_jobkit.backends.selected import SelectedBackend
from pytest_jobkit.chaos.config import ChaosConfig
from pytest_jobkit.chaos.summary import ChaosSummary
from pytest_jobkit.features import registry
from pytest_jobkit.import_hook import on_first_import
from pytest_jobkit.marker import NO_MARKS
from pytest_jobkit.options import Options, read
from pytest_jobkit.report_header import HeaderNotes, unittest_note
from pytest_jobkit.report_router import ReportRouter
from pytest_jobkit.scoped_fixtures import STAYS, ScopedFixture, ScopedFixtures

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from jobkit.connections.resolver import BackendSource, Spec
    from jobkit.events import AnyEvent
    from pytest_jobkit.case import Case
    from pytest_jobkit.chaos.injector import Injector
    from pytest_jobkit.chaos.reported_run import ReportedRun
    from pytest_jobkit.jobs import Jobs
    from pytest_jobkit.workers.process import Workers


class Session:
    """One per `pytest.Config`. Until somebody imports jobkit it does nothing; only a test with jobs has a case."""

    @classmethod
    def begin(cls, config: pytest.Config) -> None:
        config.addinivalue_line("markers", marker.LINE)
        run = config.stash[RUN] = cls(config, read(config))
        for name in run.options.backends:
            run.choice(name).check(f"--jobkit-backend={run.choice(name).label}")
        matrix, survival = Matrix([run.choice(name).label for name in run.options.backends]), ChaosSummary()
        config.pluginmanager.register(ReportRouter(matrix, survival), "jobkit-hearing")
        config.pluginmanager.register(matrix, "jobkit-matrix")
        run.watchers = registry.begin(config)
        config.pluginmanager.register(survival, "jobkit-chaos")
        config.add_cleanup(run.end)
        config.add_cleanup(on_first_import("jobkit", run.install))

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.options = options
        self.watchers: list[registry.Watcher] = []
        self._config = config
        self._choices: dict[str, SelectedBackend] = {}
        self._item: pytest.Item | None = None
        self._looked: tuple[pytest.Item | None, bool] = (None, False)
        """The test that is about to run, and whether it is marked: asked once, for all tests pay for it."""
        self._marks = NO_MARKS
        self._began_ms = 0
        self._case: Case | None = None
        self._last: tuple[pytest.Item | None, Case | None] = (None, None)
        """For the report of the teardown, which is made after it."""
        self._outside: Case | None = None
        self._stays = config.stash[STAYS] = ScopedFixtures()
        self._heading = HeaderNotes()
        self._injector: Injector | None = None
        self._finale: ReportedRun | None = None
        """Of a test under chaos: what goes wrong in this run of it; what is said of the one that is reported."""
        self.raised: pytest.ExceptionInfo[BaseException] | None = None
        """What this run of it, or the one just over, raised first."""
        self._call: pytest.CallInfo[None] | None = None
        self._cases = 0
        self._name = os.urandom(4).hex()
        self._lock = threading.Lock()

    # Backends.

    def choice(self, name: str) -> SelectedBackend:
        if name not in self._choices:
            self._choices[name] = SelectedBackend(name, self.options.redis_url)
        return self._choices[name]

    def header(self) -> list[str]:
        """A line a backend; and one more where the short name of the fixture is taken."""
        workers = bool(self._config.getoption("numprocesses", None))
        lines = [f"jobkit: {self.choice(name).described(for_workers=workers)}" for name in self.options.backends]
        return [*lines, *self._heading.overridden(self._config.pluginmanager.get_plugins())]

    def collected(self, items: Sequence[pytest.Item]) -> list[str]:
        """Which files take the short name of the fixture, as far as that was not said yet; what runs on one backend."""
        modules = {getattr(item, "module", None) for item in items}
        labels = [self.choice(name).label for name in self.options.backends]
        plugins = self._config.pluginmanager.get_plugins()
        return [*self._heading.overridden([*plugins, *modules]), *unittest_note(items, labels)]

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """Run the tests that use jobs on each backend, and all others once, on the first."""
        marked = metafunc.definition.get_closest_marker("jobkit") is not None
        if not marked and "jobkit_jobs" not in metafunc.fixturenames:
            return
        names = (marked and marker.backends(metafunc.definition)) or self.options.backends
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
        for name in marker.read(item).backend:
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
        from jobkit import events, redaction
        from jobkit.connections import resolver

        self._config.add_cleanup(redaction.show_arguments(shown=True))
        self._config.add_cleanup(events.observe(self._hear))
        self._config.add_cleanup(resolver.override_backends(self._redirect))

    def _redirect(self, spec: Spec | None, namespace: str) -> BackendSource:
        return self.current_case().source(spec, namespace)

    def _hear(self, event: AnyEvent) -> None:
        """Not of jobs that somebody in a test sends elsewhere."""
        from jobkit.connections import resolver

        if resolver.current_override() == self._redirect:
            self.current_case().tape.on_event(event)

    def current_case(self) -> Case:
        """The case of the current test, or of everything outside of tests."""
        case = self._case
        if case is None:
            with self._lock:
                case = self._case = self._case or self._make_case()
        return case

    def _make_case(self) -> Case:
        from pytest_jobkit.case import Case

        stay = self._stays.current
        if self._item is None and stay is None and self._outside is not None:
            return self._outside
        self._cases += 1
        began = self._began_ms or time.time_ns() // 1_000_000
        name, root = f"{self._name}-{self._cases}", self._config.rootpath
        beside = WORKER in getattr(self._item, "fixturenames", ())
        case = Case(name, self.choice(self.backend), self._marks, began, root, real_time=beside)
        case.isolated = isolation.wanted(self._config, self._marks)
        if stay is not None:
            stay.case = case
        elif self._item is None:
            self._outside = case
        elif self._injector is not None:
            self._injector.case, case.chaos = case, self._injector
        return case

    def end(self) -> None:
        if self._outside is not None:
            self._outside.close()
        for choice in self._choices.values():
            choice.end()

    # Chaos.

    def protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a test under chaos that is to be; all others are none of our business."""
        flags = self.options.chaos
        marked = item.get_closest_marker("jobkit") is not None
        self._looked = (item, marked)
        if not (flags.all or marked) or self._config.getoption("setuponly", default=False):
            return None
        wish = marker.read(item).chaos
        uses = marked or "jobkit_jobs" in getattr(item, "fixturenames", ())
        if wish is False or not (wish or (flags.all and uses)):
            return None
        from pytest_jobkit.chaos.protocol import protocol

        return protocol(self, item, nextitem, wish if isinstance(wish, ChaosConfig) else None)

    @contextmanager
    def injecting(self, injector: Injector, finale: ReportedRun | None = None) -> Generator[None]:
        """For one run of a test: what goes wrong in it, and what is said of it."""
        self._injector, self._finale, self.raised = injector, finale, None
        try:
            yield
        finally:
            self._injector, self._finale = None, None

    @property
    def last_case(self) -> Case | None:
        """That of the test that was just over."""
        return self._last[1]

    # A test's way.

    def start_test(self, item: pytest.Item) -> None:
        """Begin with nothing; skip what this backend can't do."""
        __tracebackhide__ = True
        self._item, self._case = item, None
        self._began_ms = time.time_ns() // 1_000_000
        looked, marked = self._looked
        unmarked = not marked if looked is item else item.get_closest_marker("jobkit") is None
        self._marks = NO_MARKS if unmarked else marker.read(item)
        if self._marks.needs:
            self.current_case().skip_unless(*self._marks.needs)

    def jobs(self) -> Jobs:
        """The fixture's value."""
        case = self.current_case()
        case.used = True
        return case.jobs

    def workers(self) -> Workers:
        """The value of the fixture that starts real workers."""
        __tracebackhide__ = True
        from pytest_jobkit.workers.process import workers

        return workers(self.current_case())

    @contextmanager
    def wider(self, fixture: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None]:
        """While a fixture of wider scope than a test's is set up, and again while it is torn down: jobs are its own."""
        __tracebackhide__ = True
        node: pytest.Item = cast("Any", request).node
        stay = ScopedFixture(fixture.argname, fixture.scope, marker.read(node), node.path)
        self._stays.add(stay)
        apart = ExitStack()
        apart.callback(self._stays.end, stay)
        fixture.addfinalizer(apart.close)  # called after the fixture's own
        with self._within(stay), stay.setup():
            yield
        fixture.addfinalizer(lambda: apart.enter_context(self._within(stay)))

    @contextmanager
    def _within(self, stay: ScopedFixture) -> Generator[None]:
        before = self._item, self._case, self._marks, self._began_ms, self._stays.current
        self._item, self._case, self._marks, self._began_ms, self._stays.current = None, stay.case, stay.marks, 0, stay
        try:
            yield
        finally:
            self._item, self._case, self._marks, self._began_ms, self._stays.current = before

    def check(self) -> None:
        """Whether the test, which passed so far, may."""
        __tracebackhide__ = True
        if self._case is not None and self._item is not None:
            from pytest_jobkit.failing.strictness import check

            check(self._case, self._item, self.options.strict)
        if self._finale is not None:
            self._finale.check()

    def end_test(self) -> None:
        """The test is over, its fixtures are torn down: close and remove what was its own."""
        case, item = self._case, self._item
        self._item, self._case, self._marks, self._began_ms = None, None, NO_MARKS, 0
        self._last = (item, case)
        if case is not None and item is not None:
            case.close()

    def prepare(self, call: pytest.CallInfo[None]) -> None:
        """Let an error of jobkit's be shown where it was made."""
        self._call = call
        if call.excinfo is not None and "jobkit.errors" in sys.modules and not self._config.getoption("fulltrace"):
            from pytest_jobkit.failing.traceback import trim_traceback

            trim_traceback(call.excinfo.value)
        if self._finale is not None and call.excinfo is not None:
            self._finale.add_note(call.excinfo.value)

    def complete(self, item: pytest.Item, report: pytest.TestReport) -> pytest.TestReport:
        """Add what was captured to a failing report, and what the matrix counts to each."""
        case = self._case if self._item is item else self._last[1] if self._last[0] is item else None
        if self._injector is not None:
            self.raised = self.raised or (None if self._call is None else self._call.excinfo)
        if self._finale is not None:
            ReportRouter.mark(report)
            self._finale.mark_report(report, case)
        elif self._injector is not None:
            return report  # of a run that nobody sees
        if report.failed:
            self._show(item, report, case)
        if case is not None:
            ReportRouter.mark(report)
            Matrix.mark(report, case.choice.label, case.missing_capability)
        if report.when == "teardown" and (cases := [*self._stays.ended(), *([] if case is None else [case])]):
            for watch in self.watchers:
                watch(cases, report)
        return report

    def _show(self, item: pytest.Item, report: pytest.TestReport, case: Case | None) -> None:
        """What became of the jobs of the test that failed, and of those of its wider fixtures."""
        for stay in self._stays.of(item):
            report.sections += stay.sections()
        if case is not None and not case.silent:
            from pytest_jobkit.failing.jobs_section import sections

            report.sections += sections(case)

    # What failures show.

    def explain(self, op: str, left: object, right: object) -> list[str] | None:
        """The explanation of a failed comparison of ours."""
        if "pytest_jobkit.recording.log" not in sys.modules:
            return None
        from pytest_jobkit.recording.explain import explain

        return explain(op, left, right, verbose=self._config.get_verbosity() > 1)


RUN: pytest.StashKey[Session] = pytest.StashKey()

WORKER = "jobkit_worker"
"""The fixture with which a test's jobs go by the real clock."""
