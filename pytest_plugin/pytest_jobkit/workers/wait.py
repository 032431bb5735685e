"""Waiting until a real worker has performed a job: for what is heard of it, never for a while."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

from pytest_jobkit.recording import matching
from pytest_jobkit.recording.status_text import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_jobkit.case import Case
    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.log import Log
    from pytest_jobkit.recording.matching import Matchable

PATIENCE = 5.0
"""Seconds, unless a test says how many."""


class Wait:
    """One wait for a job like this in a log; ended early by a worker process that is no more."""

    def __init__(self, case: Case, pattern: Matchable, timeout: float, log: Log) -> None:
        if not timeout > 0:
            raise ValueError(f"a timeout is in seconds, and more than 0: not {timeout!r}")
        self._case = case
        self._pattern = matching.check(pattern)
        self._timeout = timeout
        self._log = log

    def here(self) -> Entry:
        """In a thread of its own right."""
        __tracebackhide__ = True
        heard = threading.Event()
        forget = self._case.tape.listen(heard.set)
        deadline = time.monotonic() + self._timeout
        try:
            while (found := self._found()) is None:
                if self._in_vain or not heard.wait(deadline - time.monotonic()):
                    break
                heard.clear()
        finally:
            forget()
        return self._answer(found or self._found())

    async def on_loop(self) -> Entry:
        """On the running loop, which goes on meanwhile."""
        __tracebackhide__ = True
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        forget = self._case.tape.listen(_from_any_thread(loop, heard))
        found = None
        try:
            async with asyncio.timeout(self._timeout):
                while (found := self._found()) is None and not self._in_vain:
                    await heard.wait()
                    heard.clear()
        except TimeoutError:
            pass  # said below, with what is known of such jobs
        finally:
            forget()
        return self._answer(found or self._found())

    def _found(self) -> Entry | None:
        return next(iter(self._log.matching(self._pattern)), None)

    @property
    def _in_vain(self) -> bool:
        return any(worker.lost for worker in self._case.workers)

    def _answer(self, found: Entry | None) -> Entry:
        __tracebackhide__ = True
        if found is not None:
            return self._log.mark([found])[0]
        from pytest_jobkit.recording.messages import not_performed

        lost = [worker for worker in self._case.workers if worker.lost]
        why = lost[0].fate if lost else f"not performed within {seconds(self._timeout)}"
        raise AssertionError(not_performed(self._pattern, self._log, why))


def _from_any_thread(loop: asyncio.AbstractEventLoop, heard: asyncio.Event) -> Callable[[], None]:
    def tell() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(heard.set)

    return tell
