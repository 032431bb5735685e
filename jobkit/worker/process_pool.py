"""Processes for isolated jobs: as many as run at once, kept for the next one, and killed where a job does not end."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from typing import Any

from jobkit.backend import Delivery
from jobkit.errors import FailedElsewhere, InvalidArgument, ProcessLost, Unsupported
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import error_summary
from jobkit.worker.json_logging import JSONFormatter
from jobkit.worker.lease_checkpoints import LeaseCheckpoints
from jobkit.worker.process_protocol import (
    CheckpointSaved,
    Init,
    JobFinished,
    JobNotStarted,
    RunJob,
    SaveCheckpoint,
    SetFlag,
    ToWorker,
    frame,
    read,
)
from jobkit.worker.shortage import Shortage
from jobkit.worker.supervisor import meaning


class PoolProcess:
    """One process, and one job at a time in it."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self._reader = reader
        self._writer = writer

    def send(self, message: Any) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(message))

    async def next(self) -> ToWorker:
        message: ToWorker = await read(self._reader, ToWorker)
        return message

    @property
    def usable(self) -> bool:
        return self.process.returncode is None and not self._reader.at_eof()

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        self._writer.close()

    async def end(self) -> None:
        """It ends by itself when nobody holds the other end; also waited for where it was killed."""
        self._writer.close()
        await self.process.wait()


class ProcessPool:
    """Belongs to one event loop."""

    def __init__(self, shortage: Shortage | None = None) -> None:
        self._shortage = shortage or Shortage("processes for isolated jobs")
        self._idle: list[PoolProcess] = []
        self._killed: list[PoolProcess] = []

    async def perform(
        self, module: str, delivery: Delivery, context: JobContext, progress: LeaseCheckpoints
    ) -> Outcome:
        """Perform a delivery in a process that does nothing else meanwhile; a cancellation kills it.

        `ProcessLost` when the process ends before the job does; `NotStarted` when there is none, or it ends before it
        has the job.
        """
        child = await self._take()
        begun = False
        context.listener = lambda flag, cancel: child.send(SetFlag(flag, cancel))
        child.send(RunJob(module, delivery))
        for flag in ("cancelled", "lease_lost", "stopping"):
            if getattr(context, flag):
                child.send(SetFlag(flag, cancel=flag != "stopping"))
        try:
            while not isinstance(message := await child.next(), (JobFinished, JobNotStarted)):
                if isinstance(message, SaveCheckpoint):
                    await self._store(message, child, progress)
                else:
                    begun = True
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            try:
                code = await child.process.wait()
            finally:  # also where a cancellation ends the waiting
                self._kill(child)
            if not begun:
                raise self._shortage.refused(f"its process ended before it had the job: {meaning(code)}") from error
            raise ProcessLost(f"its process ended before it did: {meaning(code)}") from error
        except BaseException:
            self._kill(child)
            raise
        finally:
            context.listener = None
        self._idle.append(child)
        if isinstance(message, JobNotStarted):
            raise self._shortage.refused(message.reason)
        self._shortage.works()
        context.past_limit = message.past_limit
        return _outcome(message)

    async def _store(self, message: SaveCheckpoint, child: PoolProcess, progress: LeaseCheckpoints) -> None:
        try:
            stored = await asyncio.wrap_future(progress.store(message.body))
        except (InvalidArgument, Unsupported) as error:
            child.send(CheckpointSaved(message.number, refused=str(error)))
        else:
            child.send(CheckpointSaved(message.number, stored))

    async def close(self) -> None:
        children, self._idle, self._killed = [*self._idle, *self._killed], [], []
        await asyncio.gather(*(child.end() for child in children))

    def abandon(self) -> None:
        """Nobody asks for another job, nor waits: those that have none end now, the others with their jobs."""
        idle, self._idle = self._idle, []
        for child in idle:
            self._kill(child)

    def _kill(self, child: PoolProcess) -> None:
        """Not waited for here, where a cancellation must not be held up, but before the loop may end."""
        child.kill()
        self._killed = [each for each in self._killed if each.process.returncode is None]
        self._killed.append(child)

    async def _take(self) -> PoolProcess:
        while self._idle:
            child = self._idle.pop()
            if child.usable:
                return child
            self._kill(child)
        try:
            return await _start()
        except Exception as error:  # whatever it is: the job's code has not begun
            raise self._shortage.refused(error_summary(error)) from error


async def _start() -> PoolProcess:
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
        except BaseException:
            ours.close()
            raise
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "jobkit.worker.process_main", str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # what a terminal sends is for the worker
            )
        except BaseException:  # also a cancellation: asyncio has ended the process then
            writer.close()
            raise
    child = PoolProcess(process, reader, writer)
    child.send(Init(sys.path, logging.getLogger().level, _format()))
    return child


def _format() -> str | None:
    """How this process logs: None for a JSON object a line. What only it knows to format is written as text there."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JSONFormatter):
            return None
        if type(handler.formatter) is logging.Formatter:
            return getattr(handler.formatter, "_fmt", None) or logging.BASIC_FORMAT
    return logging.BASIC_FORMAT


def _outcome(over: JobFinished) -> Outcome:
    error = None if over.headline is None else FailedElsewhere(over.headline)
    return Outcome(state=Performed(over.state), error=error, retry_in=over.retry_in, reason=over.reason)
