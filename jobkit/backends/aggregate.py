"""Enqueues of many callers in one step of any backend: each caller waits until its batch is stored.

    app = jobkit.App(jobkit.Aggregate("postgres://...", size=100, wait=0.005))

For backends on which a step is dear. On Redis enqueues that are made at once share a step anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Backend, EnqueueOutcome, Message, OffersDescription, SupportsWipe
from jobkit.backends.delegating import DelegatingBackend
from jobkit.clock import Clock
from jobkit.connections import resolver
from jobkit.connections.resolver import Spec
from jobkit.enqueue.batching import Batcher, Limits
from jobkit.errors import Closed, ConfigurationError
from jobkit.redaction import without_password
from jobkit.validation import check_messages


class Aggregate:
    """Where an app keeps its jobs, with enqueues gathered: ``jobkit.App(jobkit.Aggregate("redis://localhost"))``.

    ``backend``: a URL, ``module:factory``, or a factory. ``size``: how many messages a batch has at most. ``wait``:
    how many seconds a batch stays open for more; every caller waits that long at most, and then until it is stored.
    The order of the calls is kept, and one caller's invalid message fails nobody else. Nothing is acknowledged before
    it is stored.
    """

    def __init__(self, backend: Spec, *, size: int = 100, wait: float = 0.005) -> None:
        if type(size) is not int or size < 1:
            raise ConfigurationError(f"size is a number of messages, at least 1, not {size!r}")
        if isinstance(wait, bool) or not isinstance(wait, (int, float)) or not 0 <= wait <= 60:
            raise ConfigurationError(f"wait is 0 to 60 seconds, not {wait!r}")
        self._backend = backend
        self._size = size
        self._wait = wait
        shown = without_password(backend) if isinstance(backend, str) else getattr(backend, "__qualname__", "a backend")
        self.__qualname__ = f"Aggregate({shown})"

    def __call__(self, url: str | None, namespace: str, clock: Clock | None, /) -> Backend:
        """As a backend factory: a client whose enqueues are gathered."""
        found = resolver.find(self._backend, namespace)
        if found.embedded:
            raise ConfigurationError("jobs in the memory of this process need no batches: give the app inline: itself")
        return AggregatingBackend(found.factory(found.url, found.namespace, clock), self._size, self._wait)


class AggregatingBackend(DelegatingBackend):
    """A backend whose enqueues are gathered; every other call is passed on as it is.

    It offers no client of its own to callers without a loop: they meet on the portal's loop, and share steps there.
    """

    def __init__(self, backend: Backend, size: int, wait: float) -> None:
        super().__init__(backend)
        may = backend.capabilities
        self._limits = Limits(min(size, may.max_batch), may.max_batch_bytes)
        self._wait = wait
        self._gathering = Batcher(backend.enqueue, self._limits, wait)
        self._closed = False

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        if self._closed:
            raise Closed("this backend is closed")
        size = check_messages(messages, self.capabilities)
        return await self._gathering.enqueue(tuple(messages), size)

    async def close(self) -> None:
        """What was gathered is sent first."""
        self._closed = True
        await self._gathering.close()
        await self.backend.close()

    # What a backend may offer besides.

    async def wipe(self) -> None:
        if isinstance(self.backend, SupportsWipe):
            await self.backend.wipe()

    async def describe(self) -> str:
        inner = await self.backend.describe() if isinstance(self.backend, OffersDescription) else ""
        return f"{inner or type(self.backend).__name__}, enqueues gathered"
