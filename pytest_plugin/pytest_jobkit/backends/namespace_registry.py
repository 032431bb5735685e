"""Which namespaces are in use on a store that outlives the run: what a killed run left there, a later one removes.

The ledger is a queue of that store itself. A namespace is noted before anything is stored in it, as a job that is due a
day later, and struck once it was removed. So whatever is due there belongs to a test that never ended: whoever comes
next takes it under a lease, removes the namespace, and settles it. Two runs that clean up at once do not meet.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from msgspec.structs import replace

from jobkit.backend import Done, Message, SupportsBlocking, SupportsWipe
from jobkit.connections.clients import Clients, opened
from jobkit.connections.portal import portal
from jobkit.errors import BackendUnavailable, JobkitError
from jobkit.forks import RenewedLock

if TYPE_CHECKING:
    from jobkit.backend import Backend
    from jobkit.clock import Clock
    from jobkit.connections.resolver import BackendSource

QUEUE = "namespaces"

BOUND_MS = 86_400_000
"""No test takes so long; then its namespace may be removed."""

LEASE_MS = 60_000

BATCH = 50


def suits(backend: Backend) -> bool:
    """Whether a store can hold its own ledger; one that ends with the process needs none."""
    claims = backend.capabilities
    return bool(
        claims.shared
        and claims.delay is not False
        and claims.inspect
        and isinstance(backend, SupportsWipe)
        and isinstance(backend, SupportsBlocking)
    )


class NamespaceRegistry:
    """Of one store. ``source``: where tests keep their jobs, in the namespace that theirs begin with."""

    def __init__(self, source: BackendSource, clock: Clock | None = None) -> None:
        self._chosen = source
        self._source = replace(source, namespace=f"{source.namespace}-ledger", clock=clock)
        self._clients = Clients(self._source)
        self._lock = RenewedLock()
        self._collected = False

    def register(self, namespace: str) -> None:
        """A test begins to keep jobs there. The first note of a run begins with what others left."""
        with self._lock:
            first, self._collected = not self._collected, True
        if first:  # perhaps on the portal's own thread, which can't wait for itself
            collecting = threading.Thread(target=lambda: asyncio.run(self.clean_up()), name="jobkit-ledger")
            collecting.start()
            collecting.join()
        self._clients.blocking().enqueue([Message(id=namespace, queue=QUEUE, body=b"", after=BOUND_MS)])

    def unregister(self, namespace: str) -> None:
        """It was removed."""
        portal().call(lambda _: self._strike(namespace))

    async def _strike(self, namespace: str) -> None:
        await self._clients.for_running_loop().delete([namespace])

    async def clean_up(self) -> list[str]:
        """Remove the namespaces of tests that never ended; which they were."""
        backend = self._source.open()
        removed: list[str] = []
        try:
            while left := await backend.reserve([QUEUE], limit=BATCH, lease=LEASE_MS):
                for delivery in left:
                    await self._remove(delivery.message.id)
                    removed.append(delivery.message.id)
                await backend.settle([Done(delivery.token) for delivery in left])
        except JobkitError:
            return removed  # it is said where a test needs the store; what is left here stays noted
        finally:
            await backend.close()
        return removed

    async def _remove(self, namespace: str) -> None:
        backend = replace(self._chosen, namespace=namespace).open()
        try:
            if isinstance(backend, SupportsWipe):
                await backend.wipe()
        finally:
            await backend.close()

    def end(self) -> None:
        """The run is over. A ledger with nothing in it goes too, so that nothing at all is left."""
        if self._collected:
            portal().call(lambda _: self._remove_if_empty())
        for clients in opened(self._source):
            clients.close_all()

    async def _remove_if_empty(self) -> None:
        backend = self._clients.for_running_loop()
        try:
            counts = await backend.counts(QUEUE)
            if not (counts.scheduled or counts.ready or counts.leased) and isinstance(backend, SupportsWipe):
                await backend.wipe()
        except BackendUnavailable:
            return  # no store, and nothing of ours that could be removed from it
