"""The process of isolated jobs: ``python -m jobkit.worker.process_main FD``. Performs what it is handed, one at a time.

Its worker keeps the lease, whatever happens here; when the worker is gone, so is this.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future
from importlib import import_module
from typing import Any, Final

from jobkit.app import App
from jobkit.errors import InvalidArgument, Undecodable
from jobkit.execute.context import JobContext
from jobkit.execute.machine import NotStarted, is_machine_fault
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import context_of, error_summary, perform
from jobkit.jobs.job import Job
from jobkit.worker.json_logging import JSONFormatter
from jobkit.worker.process_protocol import (
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
from jobkit.worker.thread_pool import ThreadPool

ENDS_WITH_ITS_PARENT: Final = 1
"""``PR_SET_PDEATHSIG`` of Linux: also while native code holds the interpreter, and nothing here can look."""


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
        self._pool = ThreadPool()
        self._not_started: NotStarted | None = None
        self._threads = 0
        self._running: set[asyncio.Task[None]] = set()

    def send(self, message: Any) -> None:
        self._writer.write(frame(message))

    def handle(self, message: ToChild) -> None:
        match message:
            case Init(path=path, level=level, format=format):
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
        self.send(_over(outcome, context, last=self._threads > 0))

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
            os._exit(0)  # whatever runs here has nobody any more
        performing.handle(message)


def main() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ENDS_WITH_ITS_PARENT, signal.SIGKILL)
    asyncio.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
