"""The process of isolated jobs: ``python -m jobkit.worker.process_main FD``. Performs what it is handed, one at a time.

Its worker keeps the lease, whatever happens here; when the worker is gone, so is this.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import io
import logging
import math
import os
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from importlib import import_module
from types import FrameType
from typing import Any, Final

from jobkit.app import App
from jobkit.errors import BackendUnavailable, InvalidArgument, Undecodable
from jobkit.execute.context import JobContext
from jobkit.execute.machine import NotStarted, is_machine_fault
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import context_of, error_summary, perform
from jobkit.jobs.job import Job
from jobkit.worker.group_guard import start_guard
from jobkit.worker.json_logging import JSONFormatter
from jobkit.worker.process_protocol import (
    EXIT_TIMEOUT,
    CheckpointSaved,
    Init,
    JobBegun,
    JobFinished,
    JobNotStarted,
    RunJob,
    SaveCheckpoint,
    SetFlag,
    ToChild,
    frame,
    read,
)
from jobkit.worker.signal_handling import place
from jobkit.worker.thread_pool import ThreadPool

ENDS_WITH_ITS_PARENT: Final = 1
"""``PR_SET_PDEATHSIG`` of Linux: also while native code holds the interpreter, and nothing here can look."""


log = logging.getLogger("jobkit.worker")


STORE_TIMEOUT: Final = 10.0
"""Seconds that a job's background enqueues have to be stored, from its end."""


class RemoteCheckpoints:
    """Sends checkpoints to the worker, whose word it waits for."""

    def __init__(self, send: Callable[[Any], None], loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._waiting: dict[int, Future[bool]] = {}

    def store(self, body: bytes) -> Future[bool]:
        future: Future[bool] = Future()
        future.set_running_or_notify_cancel()
        number = len(self._waiting)
        self._waiting[number] = future
        self._loop.call_soon_threadsafe(self._send, SaveCheckpoint(number, body))
        return future

    def answer(self, answer: CheckpointSaved) -> None:
        if answer.refused is not None:
            self._waiting[answer.number].set_exception(InvalidArgument(answer.refused))
        else:
            self._waiting[answer.number].set_result(answer.stored)


class JobProcess:
    """What the process does now."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._context: JobContext | None = None
        self._task: asyncio.Task[Outcome] | None = None
        self._line: RemoteCheckpoints | None = None
        self.exit_timeout = EXIT_TIMEOUT
        self._pool = ThreadPool(daemon=False)  # an exit joins what a job has started
        self._not_started: NotStarted | None = None
        self._threads = 0
        self._running: set[asyncio.Task[None]] = set()

    def send(self, message: Any) -> None:
        self._writer.write(frame(message))

    @property
    def busy(self) -> bool:
        """Whether a job runs here, or goes on past its end."""
        return bool(self._running) or self._threads > 0

    def end_threads(self) -> None:
        """End those that wait for work: the process ends."""
        self._pool.close()

    def handle(self, message: ToChild) -> None:
        match message:
            case Init(path=path, level=level, format=format, exit_timeout=exit_timeout):
                self.exit_timeout = exit_timeout
                sys.path[:] = path
                handler = logging.StreamHandler()
                handler.setFormatter(JSONFormatter() if format is None else logging.Formatter(format))
                logging.basicConfig(level=level, handlers=[handler])
            case RunJob(delivery=delivery):
                self.send(JobBegun())
                loop = asyncio.get_running_loop()
                self._line = RemoteCheckpoints(self.send, loop)
                self._context = context_of(delivery)
                self._context.carry(self._line)
                running = loop.create_task(self._perform(message, self._context))
                self._running.add(running)
                running.add_done_callback(self._running.discard)
            case CheckpointSaved() if self._line is not None:
                self._line.answer(message)
            case SetFlag(flag=flag, cancel=cancel) if self._context is not None:
                setattr(self._context, flag, True)
                if cancel and self._task is not None and not self._threads:
                    self._task.cancel()  # an asynchronous job, as beside the worker
            case _:
                return

    async def _perform(self, work: RunJob, context: JobContext) -> None:
        try:
            app = declaring(work.module, context.job)
        except BaseException as error:  # noqa: BLE001 - told to the worker
            if is_machine_fault(error):
                self.send(JobNotStarted(error_summary(error)))
                return
            self.send(JobFinished(Performed.DEAD, f"its own process can't find it: {error_summary(error)}"))
            return
        making = perform(work.delivery, context, app, self._plain)
        self._task = asyncio.get_running_loop().create_task(making, context=contextvars.Context())
        outcome = await self._task
        self._task = None
        if self._not_started is None and isinstance(outcome.error, NotStarted):
            self._not_started = outcome.error
        if self._not_started is not None:
            self.send(JobNotStarted(str(self._not_started)))
            self._not_started = None
            return
        await self._store_background_enqueues(app, context)
        flush_output()
        self.send(_over(outcome, context, last=self._threads > 0))

    async def _store_background_enqueues(self, app: App, context: JobContext) -> None:
        """Wait until they are stored, before the job counts as over: the process may be killed at any time after that.

        The wait takes half of what is left of the job's limit, at most. What is not stored then is tried further.
        """
        left = math.inf if context.deadline is None else (context.deadline - datetime.now(UTC)).total_seconds() / 2
        seconds = max(0.0, min(STORE_TIMEOUT, left))
        try:
            try:
                await asyncio.wrap_future(self._pool.submit(lambda: app.sender.flush(seconds)))
            except NotStarted:
                app.sender.flush(0)
        except BackendUnavailable as error:
            log.error(
                "%r: its background enqueues are lost if its process ends before they are stored: %s", context, error
            )

    async def _plain(self, function: Callable[[], Any]) -> Any:
        def call() -> Any:
            try:
                return function()
            finally:
                self._threads -= 1

        self._threads += 1
        try:
            future = self._pool.submit(call)
        except NotStarted as error:
            self._threads -= 1
            self._not_started = error
            raise
        return await asyncio.wrap_future(future)


def declaring(module: str, job: str) -> App:
    """The app of a job that a module declares."""
    for found in vars(import_module(module)).values():
        if isinstance(found, Job) and found.name == job:
            return found.app
    raise Undecodable(f"{module} holds no job {job!r} at its top level")


def _over(outcome: Outcome, context: JobContext, *, last: bool) -> JobFinished:
    return JobFinished(
        state=outcome.state,
        reason=outcome.reason,
        headline=None if outcome.error is None else error_summary(outcome.error),
        retry_in=outcome.retry_in,
        past_limit=context.past_limit,
        last=last,
    )


async def serve(fd: int) -> None:
    os.set_inheritable(fd, False)  # noqa: FBT003 - it has no other form
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=fd), limit=1 << 20)
    performing = JobProcess(writer)
    while True:
        try:
            message: ToChild = await read(reader, ToChild)
        except (asyncio.IncompleteReadError, ConnectionError):
            if performing.busy:
                os.killpg(0, signal.SIGKILL)  # whatever runs here has nobody any more
            performing.end_threads()
            limit_exit(performing.exit_timeout)
            return
        performing.handle(message)


def write_lines_at_once() -> None:
    """Write what jobs print line by line, also where it goes to a file: the process may be killed at any time."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def flush_output() -> None:
    """Write what a job has printed, before the worker learns that the job is over."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it is closed; a job may have put in something else
            try:
                stream.flush()
            except (OSError, ValueError) as error:
                log.warning("%s: what a job printed could not be written: %s", stream.name, error_summary(error))


def limit_exit(seconds: float) -> None:
    """Limit the time that exit handlers and threads have at the end of this process, in seconds.

    The signal kills the process even while native code holds the interpreter.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def leave_signals_to_worker() -> None:
    """Take no notice of TERM and INT: a stop of a whole unit sends them to each process, and the worker decides.

    What this process starts or forks is not concerned: a handler, unlike an ignored signal, is not inherited by other
    programs, and forks are rid of it.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        place(number, _ignore)
        signal.siginterrupt(number, False)  # noqa: FBT003 - it has no other form


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: a log handler may be in the middle of its work here."""


def main() -> None:
    leave_signals_to_worker()
    write_lines_at_once()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ENDS_WITH_ITS_PARENT, signal.SIGKILL)
    connection = int(sys.argv[1])
    start_guard(connection)
    asyncio.run(serve(connection))
    # From here on the interpreter ends as any other: it joins threads, runs exit handlers and flushes its streams.


if __name__ == "__main__":
    main()
