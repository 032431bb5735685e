"""Where a long job is: how its word gets to where the next attempt finds it."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Protocol

from jobkit.backend import Backend, CancelRequested, Capabilities, Extended, Extension
from jobkit.errors import InvalidArgument, Unsupported


class CheckpointSink(Protocol):
    """Carries the checkpoints of one delivery."""

    def store(self, body: bytes) -> Future[bool]:
        """Whether it is stored; not, when the lease is over. Callable from any thread.

        `Unsupported` and `InvalidArgument` are raised at once.
        """
        ...


class NullSink:
    """For jobs that are performed without having been stored: their checkpoints go nowhere, and all is well."""

    def store(self, body: bytes) -> Future[bool]:
        stored: Future[bool] = Future()
        stored.set_result(True)
        return stored


class LeaseSink:
    """Writes to the backend with each checkpoint, on the loop that the backend belongs to."""

    def __init__(self, backend: Backend, token: str, lease: int) -> None:
        self._backend = backend
        self._token = token
        self._lease = lease
        self._loop = asyncio.get_running_loop()

    def store(self, body: bytes) -> Future[bool]:
        check_body(self._backend.capabilities, body)
        return asyncio.run_coroutine_threadsafe(self._extend(body), self._loop)

    async def _extend(self, body: bytes) -> bool:
        (outcome,) = await self._backend.extend([Extension(self._token, self._lease, body)])
        return isinstance(outcome, (Extended, CancelRequested))


def check_body(capabilities: Capabilities, body: bytes) -> None:
    """That a backend takes this checkpoint; `Unsupported` or `InvalidArgument` otherwise."""
    if not capabilities.checkpoints:
        raise Unsupported(
            "checkpoints",
            "this job's backend keeps no checkpoints: give its queue one that claims them, or keep where the job is "
            "in data of the app's own",
        )
    if len(body) > capabilities.max_body:
        raise InvalidArgument(
            f"the checkpoint is {len(body):,} bytes long, and the backend keeps at most {capabilities.max_body:,}: "
            "store what it is made of elsewhere, and its key here"
        )
