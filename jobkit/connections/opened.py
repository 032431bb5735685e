"""Where the jobs of one app are kept: the source of each queue, found once, and what is open of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jobkit.connections import resolver
from jobkit.connections.resolver import BackendSource, Spec
from jobkit.jobs.queues import Queue

if TYPE_CHECKING:
    from jobkit.connections.clients import Clients

_numbers = itertools.count(1)


class Connections:
    """``spec``, ``namespace``: for the queues that state no backend of their own."""

    def __init__(self, spec: Spec | None, namespace: str) -> None:
        self._spec = spec
        self._namespace = namespace
        self._private = f"app-{next(_numbers)}"
        self._clients: dict[BackendSource, Clients] = {}
        self._found: BackendSource | None = None

    def of(self, queue: Queue) -> Clients:
        """The open backends of a queue in this process."""
        if resolver.is_overridden():
            spec = self._spec if queue.backend is None else queue.backend
            return self._open(resolver.redirect(spec, self._namespace))
        if queue.clients is None or queue.clients.closed:
            queue.clients = self._open(self._source(queue))
        return queue.clients

    def by_clients(self, queues: Iterable[Queue]) -> dict[Clients, list[str]]:
        """The queues' names in the store, aliases included, by what keeps them."""
        found: dict[Clients, list[str]] = {}
        for queue in queues:
            names = found.setdefault(self.of(queue), [])
            names.extend(each for each in queue.wire_names if each not in names)
        return found

    async def aclose(self) -> None:
        for clients in tuple(self._clients.values()):
            await clients.aclose()

    def close_blocking(self) -> None:
        for clients in tuple(self._clients.values()):
            clients.close_blocking()

    def _open(self, source: BackendSource) -> Clients:
        from jobkit.connections.clients import Clients

        found = self._clients.get(source)
        if found is None or found.closed:
            for ended in [known for known, clients in tuple(self._clients.items()) if clients.closed]:
                self._clients.pop(ended, None)
            found = self._clients.setdefault(source, Clients(source))  # another thread may have been quicker
        return found

    def _source(self, queue: Queue) -> BackendSource:
        if queue.backend is None:
            return self._own
        if queue.source is None:
            queue.source = resolver.find(queue.backend, self._namespace, private=self._private)
        return queue.source

    @property
    def _own(self) -> BackendSource:
        """Found once for the whole app, so that it is warned of once."""
        if self._found is None:  # not a cached_property, which has a lock for all instances before Python 3.12
            self._found = resolver.find(self._spec, self._namespace, private=self._private)
        return self._found
