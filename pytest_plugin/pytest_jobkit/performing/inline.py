"""Performing inside of the enqueue: what an app sees whose jobs are done before ``enqueue`` returns."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from jobkit.connections.portal import CallerThread, portal
from jobkit.execute.context import current_job
from pytest_jobkit.endless_jobs import too_deeply_nested
from pytest_jobkit.performing.django_threads import thread_sensitive
from pytest_jobkit.performing.errors import with_note
from pytest_jobkit.performing.performer import Performer, Result, in_place, plain_on_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from concurrent.futures import Future

    from jobkit.backend import Message
    from pytest_jobkit.case import Case
    from pytest_jobkit.recording.entry import Entry

DEPTH = 40
"""How many jobs may run inside each other: fewer than Python's stack can hold."""


class InlineMode:
    """``with jobs.inline(...):`` due jobs that this selects are performed inside their own enqueue."""

    def __init__(self, case: Case, wanted: Callable[[Entry], bool]) -> None:
        self._case = case
        self.wanted = wanted
        self.loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> None:
        self.loop = running_loop()
        self._case.inlines.append(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._case.inlines.remove(self)
        for execution in self._case.tape.executions:
            if error is not None and execution.error is error:
                execution.expected = True  # it left into the test


class InlineHook:
    """Stands by at each enqueue of one test."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def before(self, messages: Sequence[Message]) -> None:
        if self._case.chaos is not None:
            self._case.chaos.before_enqueue(messages)
        for outage in tuple(self._case.outages):
            outage.strike()

    def after(self, ids: Sequence[str]) -> Awaitable[None] | None:
        __tracebackhide__ = True
        if self._case.chaos is not None:
            self._case.chaos.after_enqueue(ids)
        if not self._case.inlines or not (due := self._due(ids)):
            return None
        if running_loop() is not None:
            return self._aperform(due)
        self._perform(due)
        return None

    def _due(self, ids: Sequence[str]) -> list[Entry]:
        entries = [entry for each in ids if (entry := self._case.tape.entry(each)) is not None]
        now = self._case.now_ms()
        return [
            entry
            for entry in entries
            if entry.due_ms <= now and any(inline.wanted(entry) for inline in self._case.inlines)
        ]

    async def _aperform(self, due: list[Entry]) -> None:
        """On the running loop; a plain job goes where that of its parent went."""
        __tracebackhide__ = True
        parent = self._parent()
        plain = plain_on_loop() if parent is None or parent.plain is None else parent.plain
        self._leave(await self._these(due, Performer(self._case, plain, in_place)))

    def _perform(self, due: list[Entry]) -> None:
        """From a thread without a loop: plain jobs run here, asynchronous ones on the loop of whoever is around."""
        __tracebackhide__ = True
        home = CallerThread()
        making = self._at_home(home, self._these(due, Performer(self._case, home.run, home.run)))
        future: Future[Result] = asyncio.run_coroutine_threadsafe(making, self._loop())
        try:
            result = home.run_until(future)
        except BaseException:
            future.cancel()
            raise
        self._leave(result)

    async def _at_home(self, home: CallerThread, making: Coroutine[Any, Any, Result]) -> Result:
        with thread_sensitive(home):
            return await making

    def _loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the job that enqueues, else that of the test, else the portal's."""
        parent = self._parent()
        loops = [None if parent is None else parent.loop, *(inline.loop for inline in self._case.inlines)]
        return next((loop for loop in loops if loop is not None and loop.is_running()), None) or portal().loop

    def _these(self, due: list[Entry], performer: Performer) -> Coroutine[Any, Any, Result]:
        if (deep := _depth(due[0])) > DEPTH:
            self._case.runaway = too_deeply_nested(due[0], deep)
            raise self._case.runaway
        for entry in due:
            entry.inline = True
        ids = {entry.id for entry in due}
        return performer.exactly(lambda entry: entry.id in ids)

    def _leave(self, result: Result) -> None:
        __tracebackhide__ = True
        if (runaway := self._case.runaway) is not None:
            if self._parent() is None:
                self._case.runaway = None
                raise runaway.with_traceback(None)  # without forty times the way down
            raise runaway
        if result.error is not None:
            raise with_note(result.error, result.outcomes[-1])

    def _parent(self) -> Entry | None:
        running = current_job()
        return None if running is None else self._case.tape.entry(running.id)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """That of this thread. (A question, so that what is done without one happens in no ``except`` clause.)"""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _depth(entry: Entry) -> int:
    """How many of the jobs above it run inside of their own enqueue."""
    depth, parent = 0, entry.parent
    while parent is not None and parent.state == "running":
        depth, parent = depth + 1, parent.parent
    return depth
