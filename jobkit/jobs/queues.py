"""The queues of an app: their names, and what the jobs of each run through on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from jobkit.errors import ConfigurationError, UnknownQueue
from jobkit.validation import check_name

if TYPE_CHECKING:
    from jobkit.coder import Coder
    from jobkit.connections.clients import Clients
    from jobkit.connections.resolver import BackendSource, Spec
    from jobkit.jobs.middleware import Middleware


class Queue(Struct, eq=False):
    """A queue of an app. Without ``backend`` it is kept where the app's jobs are."""

    name: str
    coder: Coder
    prefix: str = ""
    backend: Spec | None = None
    enqueue: Sequence[Middleware] = ()
    perform: Sequence[Middleware] = ()
    aliases: Sequence[str] = ()
    source: BackendSource | None = None
    clients: Clients | None = None

    def __repr__(self) -> str:
        return f"Queue({self.name!r})"

    @property
    def wire_name(self) -> str:
        """The name that the store knows."""
        return self.prefix + self.name

    @property
    def wire_names(self) -> list[str]:
        """The names that its jobs may be stored under."""
        return [self.wire_name, *(self.prefix + alias for alias in self.aliases)]


class Queues:
    """Every queue that an app knows, by its name and aliases. ``prefix``: of their names in the store."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._queues: dict[str, Queue] = {}
        self._names: dict[str, str] = {}

    def __iter__(self) -> Iterator[Queue]:
        return iter(self._queues.values())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, queue: Queue) -> None:
        """Know this queue, in the place of one of the same name."""
        for name in (queue.name, *queue.aliases):
            check_name("queue", self.prefix + name)
            if self._names.get(name, queue.name) != queue.name:
                raise ConfigurationError(f"the queue {self._names[name]!r} has the name {name!r} already")
        self._names.update(dict.fromkeys((queue.name, *queue.aliases), queue.name))
        self._queues[queue.name] = queue

    def find(self, name: str) -> Queue:
        """The queue of this name or alias; `UnknownQueue`, with what was perhaps meant."""
        try:
            return self._queues[self._names[name]]
        except KeyError:
            raise UnknownQueue(self._unknown(name)) from None

    def stored_as(self, wire_name: str) -> Queue | None:
        """The queue, by a name that it has in the store."""
        name = self._names.get(wire_name.removeprefix(self.prefix))
        return None if name is None else self._queues[name]

    def _unknown(self, name: str) -> str:
        from difflib import get_close_matches

        close = get_close_matches(str(name), self._names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "declare one with app.queue(...)"
        return f"no queue {name!r} (there are: {', '.join(sorted(self._names))}); {hint}"
