"""A real worker in a process of its own, for one test: ``jobkit_worker("shop.jobs:app")``."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from contextvars import Context
from dataclasses import asdict
from struct import calcsize, unpack
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from jobkit.errors import ConfigurationError
from jobkit.execute.context import JobContext, enter
from pytest_jobkit.backends.namespaces import import_path
from pytest_jobkit.process_output import kill_group, output_of
from pytest_jobkit.recording.call_site import CallSite
from pytest_jobkit.workers import event_frames
from pytest_jobkit.workers.child_plugin import LENGTH, READY, Orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobkit.app import App
    from pytest_jobkit.case import Case
    from pytest_jobkit.workers.event_frames import EventFrame

STARTING = 20.0
"""Seconds that a worker has until it can take jobs."""

STOPPING = 10.0
"""Seconds beyond its grace that a worker has to end."""

WAIT = 0.5
"""Seconds that its reserves wait: how long an idle one takes to stop."""

TAIL = 60
"""Lines of its log that a report shows."""


class WorkerProcess:
    """A worker of this test's, in a process of its own. ``pid``, and ``log``: what it printed so far.

    `stop` asks it to end well, `kill` ends it as a crash would; at the end of the test it is stopped. One that ends
    by itself fails the test.
    """

    def __init__(self, case: Case, name: str, app: App, orders: Orders) -> None:
        self.name = name
        self._case = case
        self._app = app
        self._grace = float(orders.options.get("grace", 0))
        self._asked = False
        self._ready = threading.Event()
        self._log: BinaryIO = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - closed with this
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest_jobkit.workers.child_plugin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self.pid = self._process.pid
        assert self._process.stdin is not None
        self._process.stdin.write(pickle.dumps(asdict(orders)))
        self._process.stdin.flush()
        self._hearing = threading.Thread(target=self._hear, name=f"jobkit-worker-{self.pid}", daemon=True)
        self._hearing.start()

    def await_ready(self) -> None:
        """Until its backends answered; `jobkit.ConfigurationError` with its log if it ends before."""
        __tracebackhide__ = True
        if self._ready.wait(STARTING) and not self.lost:
            return
        why = self.fate if self.lost else f"{self} could not take jobs within {STARTING:g} s"
        self.kill()
        raise ConfigurationError(f"{why}; it said:\n{self.tail()}")

    # Ending it.

    def stop(self) -> None:
        """Ask it to end (TERM), and wait: running jobs have its grace. Returns once it is gone."""
        __tracebackhide__ = True
        if self._end(signal.SIGTERM, self._grace + STOPPING):
            return
        self.kill()
        raise AssertionError(f"{self} was asked to stop, and did not within {self._grace + STOPPING:g} s")

    def kill(self) -> None:
        """End it as a crash would (KILL): what it was performing is performed again once its lease has run out."""
        self._end(signal.SIGKILL, STOPPING)

    def _end(self, number: signal.Signals, patience: float) -> bool:
        self._asked = True
        if number == signal.SIGKILL:
            kill_group(self._process)
        elif self._process.poll() is None:
            self._process.send_signal(number)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            return False
        self._hearing.join(STOPPING)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return True

    @property
    def lost(self) -> bool:
        """Whether it ended, and nobody asked it to."""
        return not self._asked and self._process.poll() is not None

    @property
    def fate(self) -> str:
        """How it was lost, in words."""
        code = self._process.poll()
        how = f"by {signal.Signals(-code).name}" if code is not None and code < 0 else f"with exit code {code}"
        return f"{self} ended by itself, {how}"

    # What it says.

    @property
    def log(self) -> str:
        descriptor = self._log.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    def tail(self) -> str:
        """The end of its log."""
        lines = self.log.splitlines()
        left = len(lines) - TAIL
        return "\n".join([f"... {left} lines before ...", *lines[-TAIL:]] if left > 0 else lines)

    def _hear(self) -> None:
        with output_of(self._process) as heard:
            while (size := heard.read(calcsize(LENGTH))) and len(size) == calcsize(LENGTH):
                packed = heard.read(*unpack(LENGTH, size))
                if packed == READY:
                    self._ready.set()
                elif (told := event_frames.unpack(packed, self._app)) is not None:
                    self._retell(told)
                else:
                    self._case.note(f"{self} enqueued a job that this process does not know")
        kill_group(self._process)  # what its jobs started, before it is waited for: its number is taken until then
        self._process.wait()
        self._ready.set()  # nothing to wait for any more
        self._case.tape.notify()

    def _retell(self, told: EventFrame) -> None:
        """As if it happened here, inside of the same job."""
        context = Context()
        if told.parent is not None:
            context.run(enter, JobContext(id=told.parent, job="", queue="", attempt=0, headers={}))
        site = None if told.site is None else CallSite(*told.site, self._case.root)
        context.run(self._case.tape.on_event, told.event, site)

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self._log.close()

    def __str__(self) -> str:
        return f"the worker {self.name} (process {self.pid})"


HINT = "; a worker in another process needs a store that both see: @pytest.mark.jobkit(backend='sqlite')"


def workers(case: Case) -> Workers:
    """What starts them for this test; where no other process sees its jobs, it is skipped."""
    __tracebackhide__ = True
    case.skip_unless("shared", hint=HINT)
    if not case.real_time:
        raise ConfigurationError(
            "a test that is to have workers names jobkit_worker among its arguments, or in usefixtures: "
            "its jobs went by a clock of their own before"
        )
    return Workers(case)


class Workers:
    """``jobkit_worker("shop.jobs:app")`` starts a real worker in a process of its own; it ends with the test.

    Its app's jobs are kept where this test's are, what it does is in the logs, and `Jobs.wait_for` waits for it.
    """

    def __init__(self, case: Case) -> None:
        self._case = case

    def __call__(
        self,
        app: str,
        *,
        queues: Sequence[str] | None = None,
        concurrency: int = 10,
        lease: float = 30.0,
        grace: float = 5.0,
    ) -> WorkerProcess:
        """Start one, and return when it can take jobs. The options are those of `jobkit.Worker`, times in seconds."""
        __tracebackhide__ = True
        from jobkit.cli.targets import find_app

        if not isinstance(cast("object", app), str):
            raise TypeError(
                f"another process finds the app by name: jobkit_worker('shop.jobs:app'), not {type(app).__name__}"
            )
        options = {"queues": queues, "concurrency": concurrency, "lease": lease, "grace": grace, "wait": WAIT}
        worker = WorkerProcess(self._case, app, find_app(app), self._orders(app, options))
        self._case.workers.append(worker)
        worker.await_ready()
        return worker

    def _orders(self, app: str, options: dict[str, Any]) -> Orders:
        chosen = self._case.choice.source
        return Orders(
            app=app,
            path=sys.path,
            root=str(self._case.root),
            factory=import_path(chosen.factory),
            url=chosen.url,
            namespace=self._case.namespace,
            options=options,
        )
