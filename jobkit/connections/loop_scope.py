"""Ties something to its event loop's end.

A loop that is shut down well ends its asynchronous generators first (`asyncio.run` does, and all who use a
Runner). So what must end with a loop waits in a generator: after its ``yield`` the loop is still there to close
connections on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from types import AsyncGeneratorType
from typing import Any, cast


def close_with_loop(generator: AsyncGenerator[None, None]) -> AsyncGenerator[None, None]:
    """Run a generator to its first ``yield``, which waits for nothing; its loop runs the rest when it ends.

    Closing the generator (``aclose``) runs the rest earlier.
    """
    step = cast("Coroutine[Any, None, None]", generator.__anext__())
    try:
        step.send(None)
    except StopIteration:
        _keep(generator)
        return generator
    raise AssertionError("a tethered generator yields before it waits")


def spawn(awaitable: Awaitable[None] | None) -> None:
    """Let the running loop see to it, since nobody here can wait."""
    if awaitable is not None:
        task = asyncio.ensure_future(awaitable)
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)


_tasks: set[asyncio.Future[None]] = set()
"""Loops hold their tasks weakly."""

_kept: list[tuple[asyncio.AbstractEventLoop, AsyncGenerator[None, None]]] = []
"""Loops hold their generators weakly."""


def _keep(generator: AsyncGenerator[None, None]) -> None:
    _kept[:] = [(loop, each) for loop, each in _kept if not loop.is_closed() and not _over(each)]
    _kept.append((asyncio.get_running_loop(), generator))


def _over(generator: AsyncGenerator[None, None]) -> bool:
    return isinstance(generator, AsyncGeneratorType) and generator.ag_frame is None
