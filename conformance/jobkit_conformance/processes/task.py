"""What a job of the process tier does: it says in the log that it starts, takes its time, and says that it has ended.

Needs nothing but the standard library, so that it runs beside any queue, in whatever environment that has.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from typing import Any, Final, NamedTuple

LOG: Final = "JOBKIT_KIT_LOG"
"""The file that every process of a play appends to."""
SLOT: Final = "JOBKIT_KIT_SLOT"
"""The worker's place: what is started in place of a lost one has the same."""
LIFE: Final = "JOBKIT_KIT_LIFE"
"""Which process in that place, counted from 1."""

_files: dict[int, int] = {}
"""The open log, by process: a fork opens its own."""


class Failed(Exception):
    """A job that was asked to fail."""


class Task(NamedTuple):
    """``milliseconds``: how long it takes. ``how``: `work`, `kills` its worker, or `fails` at first.

    ``after``: milliseconds from its enqueue before which it must not start.
    """

    id: str
    milliseconds: int
    how: str = "work"
    after: int = 0


def write(task: Task) -> str:
    """A task as the one word that travels through the queue."""
    return "/".join(map(str, task))


def read(word: str) -> Task:
    """The task that a word stands for."""
    id, milliseconds, how, after = word.split("/")
    return Task(id, int(milliseconds), how, int(after))


def note(what: str, **facts: Any) -> float:
    """Say something in the log of this play; says at which instant of the monotonic clock."""
    pid = os.getpid()
    if pid not in _files:
        _files[pid] = opened(os.environ[LOG])
    who = {"slot": int(os.environ.get(SLOT, "-1")), "life": int(os.environ.get(LIFE, "0")), "pid": pid}
    return append(_files[pid], what, **who, **facts)


def opened(path: str) -> int:
    """A log, to be appended to."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def append(file: int, what: str, **facts: Any) -> float:
    """One line, in one write, so that no two processes come in between; says when."""
    at = time.monotonic()
    os.write(file, json.dumps({"what": what, "at": at, **facts}).encode() + b"\n")
    return at


def perform(word: str, attempt: int = 0) -> None:
    """Do what a task says. ``attempt``: where the queue tells its jobs; else it is counted from the log."""
    task = read(word)
    note("start", id=task.id, attempt=attempt)
    try:
        _begin(task, attempt)
        # Not a sleep, which fails where libfaketime skews the clock of a process.
        threading.Event().wait(task.milliseconds / 1000)
    except BaseException as error:
        note("cut short", id=task.id, attempt=attempt, note=type(error).__name__)
        raise
    note("end", id=task.id, attempt=attempt)


async def aperform(word: str, attempt: int = 0) -> None:
    """The same on an event loop."""
    task = read(word)
    note("start", id=task.id, attempt=attempt)
    try:
        _begin(task, attempt)
        await asyncio.sleep(task.milliseconds / 1000)
    except BaseException as error:
        note("cut short", id=task.id, attempt=attempt, note=type(error).__name__)
        raise
    note("end", id=task.id, attempt=attempt)


def _begin(task: Task, attempt: int) -> None:
    if task.how == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    if task.how == "fails" and attempt <= 1:
        raise Failed(f"{task.id} fails in its first attempt")
