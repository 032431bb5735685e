"""How long one attempt of a job may take, and what happens to one that takes longer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from jobkit.errors import ConfigurationError, TimeLimit

T = TypeVar("T")


def check_limit(limit: float | timedelta | None, name: str = "limit") -> float | None:
    """A limit as a user states it, in seconds."""
    seconds = limit.total_seconds() if isinstance(limit, timedelta) else limit
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise ConfigurationError(f"{name} is seconds or a timedelta, more than 0, not {limit!r}")
    return float(seconds)


async def run_with_limit(seconds: float | None, call: Callable[[], Awaitable[T]]) -> T:
    """Await a call for so many seconds, then cancel it; `TimeLimit` when it took longer, however it ended.

    The error says where the call was interrupted. One that blocks the loop, or does not end when it is cancelled, is
    found out when it has ended.
    """
    if seconds is None:
        return await call()
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    timeout = asyncio.timeout_at(end)
    try:
        async with timeout:
            value = await call()
    except BaseException as error:
        if not timeout.expired() and loop.time() < end:
            raise
        interrupted = error.__cause__ if isinstance(error, TimeoutError) and timeout.expired() else error
        own = None if isinstance(interrupted, asyncio.CancelledError) else error
        raise time_limit(seconds).with_traceback((interrupted or error).__traceback__) from own
    if loop.time() >= end:
        raise time_limit(seconds)
    return value


def time_limit(seconds: float) -> TimeLimit:
    return TimeLimit(f"it ran for longer than its limit of {seconds:g} s")


def soft_time_limit(seconds: float) -> TimeLimit:
    return TimeLimit(_passed(seconds))


def _passed(seconds: float) -> str:
    return f"it has passed its soft limit of {seconds:g} s"


class SoftTimeLimit(TimeLimit, asyncio.CancelledError):
    """Raised where an asynchronous job waits: an error that it may catch, and a cancellation to what it waits in.

    Groups of tasks and the like end their own when they are cancelled, and let other errors through as they are; so
    this is both. From the job on it is a plain `TimeLimit`.
    """


class SoftLimited(Generic[T]):
    """Awaits a job; after so many seconds a `TimeLimit` is raised inside it, once, where it waits."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], seconds: float, end: float) -> None:
        self._coroutine = coroutine
        self._seconds = seconds
        self._end = end
        self._due = False

    def __await__(self) -> Generator[Any, None, T]:
        task = asyncio.current_task()
        assert task is not None
        timer = asyncio.get_running_loop().call_at(self._end, self._interrupt, task)
        asked = task.cancelling()
        step: Callable[[], Any] = partial(self._coroutine.send, None)
        try:
            while True:
                try:
                    awaited = step()
                except StopIteration as end:
                    value: T = end.value
                    return value
                error: BaseException | None = None
                try:
                    yield awaited
                except BaseException as thrown:  # noqa: BLE001 - handed on
                    error = thrown
                if self._due:
                    self._due = False
                    error = self._error_instead_of(error, task, asked)
                step = partial(self._coroutine.send, None) if error is None else partial(self._coroutine.throw, error)
        except SoftTimeLimit as error:
            raise soft_time_limit(self._seconds).with_traceback(error.__traceback__) from error.__cause__
        finally:
            timer.cancel()
            self._coroutine.close()

    def _interrupt(self, task: asyncio.Task[Any]) -> None:
        """Only ever while the task waits; what it is resumed with then comes through here."""
        self._due = True
        task.cancel()

    def _error_instead_of(self, error: BaseException | None, task: asyncio.Task[Any], asked: int) -> BaseException:
        """Of the cancellation that was asked for here; another one, by somebody else, goes before."""
        if task.uncancel() > asked or not (error is None or isinstance(error, asyncio.CancelledError)):
            return error or asyncio.CancelledError()
        return SoftTimeLimit(_passed(self._seconds))
