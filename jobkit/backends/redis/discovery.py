"""Which server has the data now: asked of sentinels or of a cluster's nodes whenever a connection is made.

A route asks by yielding whom and what, and is sent the answer, or None where there was none; so the client that
awaits and the client that blocks ask alike. One that finds another server than before needs no telling: what is
sent to the wrong one is refused there, the connection is given up, and the next one begins here.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Protocol, TypeAlias

from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MovedError

from jobkit.backends.redis.requests import Word
from jobkit.backends.redis.urls import Address, Nodes

Query: TypeAlias = tuple[Address, Sequence[Word]]
"""Whom to ask, and what."""

Search: TypeAlias = Generator[Query, Any, Address]


class Discovery(Protocol):
    """Shared by the connections of one backend object."""

    greeting: Sequence[Word] | None
    """What a new connection asks first, and `welcome` reads the answer."""

    def find(self) -> Search: ...
    def accepts(self, answer: Any) -> bool: ...
    def on_error(self, error: Exception) -> None:
        """What a server said when it was asked in vain."""


class Sentinels:
    """The master that sentinels agree on. The one that answered last is asked first."""

    greeting: Sequence[Word] | None = ("ROLE",)

    def __init__(self, nodes: Nodes) -> None:
        self._addresses = list(nodes.addresses)
        self._service = nodes.service

    def find(self) -> Search:
        for address in tuple(self._addresses):
            answer = yield address, ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service]
            if answer:
                self._addresses.remove(address)
                self._addresses.insert(0, address)
                host, port = answer
                return host.decode(), int(port)
        raise RedisConnectionError(f"no sentinel knows a master {self._service!r} now")

    def accepts(self, answer: Any) -> bool:
        """A master that was demoted and does not know yet is refused later, by what it answers."""
        return bool(answer[0] == b"master")

    def on_error(self, error: Exception) -> None:
        """Sentinels are asked each time."""


class Cluster:
    """The master of the slot in which a namespace lives; all its keys have one hash tag."""

    greeting: Sequence[Word] | None = None

    def __init__(self, nodes: Nodes, key: str) -> None:
        self._addresses = list(nodes.addresses)
        self._slot = key_slot(key.encode())
        self._moved_to: Address | None = None

    def find(self) -> Search:
        if self._moved_to is not None:
            moved_to, self._moved_to = self._moved_to, None
            return moved_to
        for address in tuple(self._addresses):
            answer = yield address, ["CLUSTER", "SLOTS"]
            if found := self._owner(answer or (), address):
                return found
        raise RedisConnectionError(f"no node of the cluster knows who serves slot {self._slot}")

    def _owner(self, ranges: Sequence[Any], asked: Address) -> Address | None:
        """Whom the node says; all that it names can be asked the next time."""
        found = None
        for first, last, *servers in ranges:
            named = [(server[0].decode() if server[0] else asked[0], int(server[1])) for server in servers]
            self._addresses += [each for each in named if each not in self._addresses and each[0] != "?"]
            if first <= self._slot <= last and named:
                found = named[0]
        return found

    def accepts(self, answer: Any) -> bool:
        raise NotImplementedError("nothing is asked")

    def on_error(self, error: Exception) -> None:
        if isinstance(error, MovedError):
            moved: Any = error  # redis-py says nothing of its types
            self._moved_to = (str(moved.host), int(moved.port)) if moved.host else None


def route_of(nodes: Nodes, key: str) -> Discovery:
    """``key``: any key of the namespace."""
    return Sentinels(nodes) if nodes.kind == "sentinel" else Cluster(nodes, key)
