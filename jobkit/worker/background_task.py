"""The owner of a background task: no error ends one unnoticed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from jobkit.worker.backoff import MAX_RETRY_DELAY, Backoff
from jobkit.worker.runtime import SYSTEM_RUNTIME, Runtime

log = logging.getLogger("jobkit.worker")


class BackgroundTask:
    """Runs ``body`` in a task of the running loop, and starts it again, with growing pauses, if it raises an error.

    ``name``: of the task, and in the log. ``ended``: called with a sentence that says why, if the task ends for good:
    ``body`` returned, or somebody else cancelled the task.
    """

    def __init__(
        self,
        name: str,
        body: Callable[[], Coroutine[Any, Any, None]],
        ended: Callable[[str], None],
        host: Runtime = SYSTEM_RUNTIME,
    ) -> None:
        self._name = name
        self._body = body
        self._ended = ended
        self._host = host
        self._cancelled = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"jobkit-{name}")

    @property
    def done(self) -> bool:
        """Whether it has ended for good, however it did."""
        return self._task.done()

    def cancel(self) -> None:
        """End it, without a word to anybody."""
        self._cancelled = True
        self._task.cancel()

    async def wait(self) -> None:
        """Wait until it has ended."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            await self._again_and_again()
        except asyncio.CancelledError:
            if not self._cancelled:
                self._ended(f"its task {self._name} was cancelled by other code")
            raise
        self._ended(f"its task {self._name} has ended")

    async def _again_and_again(self) -> None:
        pause = Backoff(self._host)
        while True:
            began = self._host.monotonic()
            try:
                await self._body()
            except Exception:
                log.exception("the worker's task %s ended by an error, and is started again", self._name)
            else:
                return
            if self._host.monotonic() - began > MAX_RETRY_DELAY:
                pause.reset()
            await pause.sleep()
