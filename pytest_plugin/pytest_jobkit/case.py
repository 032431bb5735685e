"""A case: one test that touched a job, with everything that is its own."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from jobkit.backend import Backend, SupportsWipe
from jobkit.clock import ManualClock
from jobkit.connections.clients import Clients, opened
from jobkit.connections.portal import portal
from jobkit.errors import ConfigurationError
from pytest_jobkit.backends.names import CLOCK
from pytest_jobkit.backends.namespaces import namespace_suffix
from pytest_jobkit.jobs import Jobs
from pytest_jobkit.performing.inline import InlineHook, InlineMode
from pytest_jobkit.performing.selection import ALL
from pytest_jobkit.recording import matching
from pytest_jobkit.recording.call_site import call_site
from pytest_jobkit.recording.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jobkit.connections.portal import CallerThread
    from jobkit.connections.resolver import BackendSource, Spec
    from pytest_jobkit.backends.selected import SelectedBackend
    from pytest_jobkit.chaos.injector import Injector
    from pytest_jobkit.endless_jobs import TooManyPerforms
    from pytest_jobkit.marker import MarkerOptions
    from pytest_jobkit.performing.outage import Outage
    from pytest_jobkit.performing.performer import BeforeAttempt
    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.workers.process import WorkerProcess


class Case:
    """One test's clock, namespaces, clients and tape. Made when the test first touches a job."""

    def __init__(
        self,
        name: str,
        choice: SelectedBackend,
        marks: MarkerOptions,
        began_ms: int,
        root: Path,
        *,
        real_time: bool = False,
    ) -> None:
        self.choice = choice
        self.real_time = real_time or not choice.accepts_clock
        """Whether the store goes by its own clock, as beside workers in other processes."""
        self.marks = marks
        self.root = root
        self.began_ms = began_ms
        self.clock = ManualClock(began_ms)
        self.tape = Recorder(self.now_ms, root)
        self.changes: list[BeforeAttempt] = []
        self.outages: list[Outage] = []
        self.inlines: list[InlineMode] = []
        self.ignored: list[Callable[[Entry], bool]] = []
        self.workers: list[WorkerProcess] = []
        self.runaway: TooManyPerforms | None = None
        """That jobs run inside each other for ever; it passes whatever rules they have."""
        self.chaos: Injector | None = None
        """What lets things go wrong, if the test asked for that."""
        self.isolated = False
        """Whether each job is performed in a process of its own."""
        self.missing_capability: str | None = None
        """The capability without which the test was skipped."""
        self.used = False
        """Whether the test has the fixture."""
        self.jobs = Jobs(self)
        self._name = name
        self._lodgings: set[str] = set()
        self._attendant = InlineHook(self)
        self._sources: dict[tuple[Spec | None, str], BackendSource] = {}
        self._clients: dict[BackendSource, Clients] = {}
        self._thaw: Callable[[], None] | None = None
        self.ignored.extend(matching.matcher(matching.check(each)) for each in marks.allow)
        if marks.perform == "inline":
            self.inlines.append(InlineMode(self, ALL))

    def now_ms(self) -> int:
        """What the backend takes for now."""
        return time.time_ns() // 1_000_000 if self.real_time else self.clock.now_ms()

    # Where jobs go.

    def source(self, spec: Spec | None, namespace: str) -> BackendSource:
        """What an app's own source becomes: the run's backend, in a namespace of this test's, and nobody performing."""
        found = self._sources.get((spec, namespace))
        if found is None:
            found = self._sources.setdefault((spec, namespace), self._own(namespace_suffix(spec, namespace)))
        return found

    @property
    def namespace(self) -> str:
        """What the names of all that this test stores begin with."""
        return f"{self.choice.source.namespace}-{self._name}"

    def _own(self, name: str) -> BackendSource:
        while name in self._lodgings:  # functions of one name are two stores all the same
            name += "x"
        self._lodgings.add(name)
        namespace = f"{self.namespace}-{name}"
        if self.choice.ledger is not None:
            self.choice.ledger.register(namespace)
        return replace(
            self.choice.source,
            namespace=namespace,
            clock=None if self.real_time else self.clock,
            embedded=False,
            attendant=self._attendant,
        )

    def open(self, source: BackendSource) -> Backend:
        """The test's own client, on the running loop."""
        if source not in self._clients:
            self._clients.setdefault(source, Clients(source))
        return self._clients[source].for_running_loop()

    def close(self) -> None:
        """Remove what the test stored, and close what it opened."""
        if self._thaw is not None:
            self._thaw()
        for worker in self.workers:
            worker.close()
        for made in self.tape.made:
            if not made.enqueuing.started:
                made.enqueuing.close()  # what is to be said of it was said
        for source in self._sources.values():
            try:
                portal().call(partial(self._wipe, source))
                if self.choice.ledger is not None:
                    self.choice.ledger.unregister(source.namespace)
            finally:
                for clients in opened(source):
                    clients.close_all()

    async def _wipe(self, source: BackendSource, _: CallerThread) -> None:
        backend = self.open(source)
        if isinstance(backend, SupportsWipe):
            await backend.wipe()
        elif backend.capabilities.inspect:
            ids = [entry.id for entry in self.tape.jobs if entry.source == source]
            size = backend.capabilities.max_batch
            for start in range(0, len(ids), size):
                await backend.delete(ids[start : start + size])

    # What a test asks of it.

    def skip_unless(self, *capabilities: str, hint: str = "") -> None:
        """Skip the test for what its backend does not claim."""
        __tracebackhide__ = True
        for capability in capabilities:
            if capability not in self.choice.capabilities:
                self.missing_capability = capability
                what = "a clock that can be moved" if capability == CLOCK else capability.replace("_", "-")
                pytest.skip(f"the backend {self.choice.label} lacks: {what}{hint}")

    def prepare_clock(self, *, freeze: bool) -> None:
        __tracebackhide__ = True
        self.skip_unless(CLOCK)
        if self.real_time:
            raise ConfigurationError(
                "this test has a worker in another process, and that goes by the real clock: advance can't move it"
            )
        if freeze and self._thaw is None:
            from pytest_jobkit.performing.freeze import freeze as begin

            self._thaw = begin(self.clock)

    def note(self, text: str) -> None:
        self.tape.remark(text, call_site(self.root))

    @property
    def silent(self) -> bool:
        """Whether nothing happened that a report could show."""
        tape = self.tape
        return not (tape.jobs or tape.remarks or tape.made or tape.deferred or self.workers)
