"""A process of isolated jobs, as its worker sees it: start it, exchange messages with it, end it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from typing import Any, Final

import msgspec

from jobkit.worker.json_logging import JSONFormatter
from jobkit.worker.process_protocol import EXIT_TIMEOUT, Init, ToWorker, frame, read
from jobkit.worker.supervisor import meaning

log = logging.getLogger("jobkit.worker")

END_MARGIN: Final = 1.0
"""Seconds beyond the process's own limit for its exit, after which the worker kills it."""

CLOSED_TIMEOUT: Final = 1.0
"""Seconds from the end of a process's connection to its exit. One that lives longer has closed it by itself."""


class PoolProcess:
    """A process that performs one job at a time. Its process group is killed with it, so that no helper lives on.

    The worker learns of its death from its exit. The connection may stay open longer: forks of the process hold it too.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        connection: socket.socket,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.process = process
        self._connection = connection
        self._reader = reader
        self._writer = writer
        self._killed = False
        self._exited = asyncio.get_running_loop().create_task(self._until_exit(), name="jobkit-isolated-exit")

    def send(self, message: Any) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(message))

    async def next(self) -> ToWorker:
        """Return its next message. `ConnectionResetError` once it has ended, or closed its connection."""
        try:
            message: ToWorker = await read(self._reader, ToWorker)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ConnectionResetError(await self._how_it_ended()) from error
        except msgspec.MsgspecError as error:  # something else writes to its connection
            raise ConnectionResetError(f"it sent what is no message: {error}") from error
        return message

    @property
    def usable(self) -> bool:
        return self.process.returncode is None and not self._reader.at_eof() and not self._writer.is_closing()

    @property
    def alive(self) -> bool:
        return not self._exited.done()

    def kill(self) -> None:
        if self.alive:
            self._killed = True
            self._kill_group()
        self._writer.close()

    def begin_end(self) -> None:
        """Let it end by itself, once its exit handlers have run.

        The connection is shut down, not only closed: what this process forked may hold it.
        """
        if not self._writer.is_closing():
            self._writer.write_eof()

    async def end(self) -> None:
        """Let it end by itself, and wait for that. One that takes too long is killed."""
        self.begin_end()
        await asyncio.wait([self._exited], timeout=EXIT_TIMEOUT + END_MARGIN)
        if self.alive:
            log.warning(
                "process %d of isolated jobs did not end within %g s and is killed: %s",
                *(self.process.pid, EXIT_TIMEOUT, _LOST_AT_EXIT),
            )
            self.kill()
            await asyncio.wait([self._exited])
        elif self.process.returncode and not self._killed:
            log.warning(
                "process %d of isolated jobs ended badly, %s: %s",
                *(self.process.pid, meaning(self.process.returncode), _LOST_AT_EXIT),
            )

    async def _how_it_ended(self) -> str:
        await asyncio.wait([self._exited], timeout=CLOSED_TIMEOUT)
        if self.alive:
            self.kill()
            await asyncio.wait([self._exited])
            return "it closed its connection to the worker"
        return meaning(self.process.returncode or 0)

    async def _until_exit(self) -> None:
        await self.process.wait()
        self._kill_group()
        self._read_rest()

    def _kill_group(self) -> None:
        """Kill the process and its helpers. The group's number is not given to others while one of them lives."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # none is left, or only some of another user
            os.killpg(self.process.pid, signal.SIGKILL)

    def _read_rest(self) -> None:
        """Take over what it has sent before its end, and let the reader know that this is all."""
        if self._writer.is_closing():
            return
        while data := self._received():
            self._reader.feed_data(data)
        self._reader.feed_eof()
        self._writer.transport.abort()

    def _received(self) -> bytes:
        try:
            return self._connection.recv(1 << 16, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):
            return b""


_LOST_AT_EXIT: Final = "what its exit handlers had to write or store may be lost"


async def start_process() -> PoolProcess:
    """Start a process that waits for jobs."""
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
    child = PoolProcess(process, ours, reader, writer)
    child.send(Init(sys.path, logging.getLogger().level, _format(), EXIT_TIMEOUT))
    return child


def _format() -> str | None:
    """How this process logs: None for a JSON object a line. What only it knows to format is written as text there."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JSONFormatter):
            return None
        if type(handler.formatter) is logging.Formatter:
            return getattr(handler.formatter, "_fmt", None) or logging.BASIC_FORMAT
    return logging.BASIC_FORMAT
