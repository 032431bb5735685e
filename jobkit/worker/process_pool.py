"""Processes for isolated jobs: as many as run at once, kept for the next one, and killed where a job does not end."""

from __future__ import annotations

import asyncio

from jobkit.backend import Delivery
from jobkit.errors import FailedElsewhere, InvalidArgument, ProcessLost, Unsupported
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import error_summary
from jobkit.worker.lease_checkpoints import LeaseCheckpoints
from jobkit.worker.pool_process import PoolProcess, start_process
from jobkit.worker.process_protocol import (
    CheckpointSaved,
    JobFinished,
    JobNotStarted,
    RunJob,
    SaveCheckpoint,
    SetFlag,
)
from jobkit.worker.shortage import Shortage


class ProcessPool:
    """Belongs to one event loop."""

    def __init__(self, shortage: Shortage | None = None) -> None:
        self._shortage = shortage or Shortage("processes for isolated jobs")
        self._idle: list[PoolProcess] = []
        self._ending: list[PoolProcess] = []
        """Those that were told to end, or killed, and have not been waited for."""
        self._closing = False

    async def perform(
        self, module: str, delivery: Delivery, context: JobContext, progress: LeaseCheckpoints
    ) -> Outcome:
        """Perform a delivery in a process that does nothing else meanwhile; a cancellation kills it.

        Raises `ProcessLost` when the process ends before the job does. Raises `NotStarted` when no process can be
        started, or when it ends before it has the job.
        """
        child = await self._take()
        context.listener = lambda flag, cancel: child.send(SetFlag(flag, cancel))
        child.send(RunJob(module, delivery))
        for flag in ("cancelled", "lease_lost", "stopping"):
            if getattr(context, flag):
                child.send(SetFlag(flag, cancel=flag != "stopping"))
        try:
            message = await self._until_over(child, progress)
        except BaseException:
            self._kill(child)
            raise
        finally:
            context.listener = None
        self._take_back(child, goes_on=isinstance(message, JobFinished) and message.last)
        if isinstance(message, JobNotStarted):
            raise self._shortage.refused(message.reason)
        self._shortage.works()
        context.past_limit = message.past_limit
        return _outcome(message)

    async def _until_over(self, child: PoolProcess, progress: LeaseCheckpoints) -> JobFinished | JobNotStarted:
        begun = False
        try:
            while not isinstance(message := await child.next(), (JobFinished, JobNotStarted)):
                if isinstance(message, SaveCheckpoint):
                    await self._store(message, child, progress)
                else:
                    begun = True
        except ConnectionResetError as error:
            if not begun:
                raise self._shortage.refused(f"its process ended before it had the job: {error}") from error
            raise ProcessLost(f"its process ended before it did: {error}") from error
        return message

    def _take_back(self, child: PoolProcess, *, goes_on: bool) -> None:
        """Keep a process for the next job. ``goes_on``: its job has failed and still runs, so kill it."""
        if goes_on:
            self._kill(child)
        elif self._closing:
            self._retire(child)
        else:
            self._idle.append(child)

    async def _store(self, message: SaveCheckpoint, child: PoolProcess, progress: LeaseCheckpoints) -> None:
        try:
            stored = await asyncio.wrap_future(progress.store(message.body))
        except (InvalidArgument, Unsupported) as error:
            child.send(CheckpointSaved(message.number, refused=str(error)))
        else:
            child.send(CheckpointSaved(message.number, stored))

    async def close(self) -> None:
        self._closing = True
        children, self._idle, self._ending = [*self._idle, *self._ending], [], []
        await asyncio.gather(*(child.end() for child in children))

    def begin_close(self) -> None:
        """Let processes that have no job end now, and the others with their jobs; nothing waits for them here."""
        self._closing = True
        idle, self._idle = self._idle, []
        for child in idle:
            self._retire(child)

    def _kill(self, child: PoolProcess) -> None:
        child.kill()
        self._wait_for_later(child)

    def _retire(self, child: PoolProcess) -> None:
        child.begin_end()
        self._wait_for_later(child)

    def _wait_for_later(self, child: PoolProcess) -> None:
        """Not waited for here, where a cancellation must not be held up, but before the loop may end."""
        self._ending = [each for each in self._ending if each.alive]
        self._ending.append(child)

    async def _take(self) -> PoolProcess:
        while self._idle:
            child = self._idle.pop()
            if child.usable:
                return child
            self._kill(child)
        try:
            return await start_process()
        except Exception as error:  # whatever it is: the job's code has not begun
            raise self._shortage.refused(error_summary(error)) from error


def _outcome(over: JobFinished) -> Outcome:
    error = None if over.headline is None else FailedElsewhere(over.headline)
    return Outcome(state=Performed(over.state), error=error, retry_in=over.retry_in, reason=over.reason)
