"""A client loads its scripts once: a store that has forgotten them is of no use to it any more (bee-queue #489)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from weakref import WeakSet

from jobkit.errors import BackendUnavailable
from tests.conformance.remote import RemoteBackend, RemoteHarness, T

RULE = "D2"

_loaded: WeakSet[RemoteBackend] = WeakSet()
"""The clients whose scripts the store has."""


class LoadsOnce(RemoteBackend):
    begun = False

    async def once(self, id: str, step: Callable[[], Awaitable[T]]) -> T:
        if not self.begun:
            self.begun = True
            _loaded.add(self)
        if self not in _loaded:
            raise BackendUnavailable("NOSCRIPT No matching script. Please use EVAL.")
        return await super().once(id, step)


class Harness(RemoteHarness):
    client = LoadsOnce

    async def drop(self) -> None:
        await super().drop()
        _loaded.clear()
