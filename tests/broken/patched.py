"""The inline backend with one thing changed: in its store, in its client, or in the worker over it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from unittest import mock

from jobkit.backends.inline.backend import InlineBackend, Memory
from jobkit.backends.inline.store import Store
from jobkit.clock import Clock
from jobkit.testing.inline import Harness
from jobkit_conformance import BackendHarness


class PatchedHarness(Harness):
    """A subclass names the class with the fault."""

    store: type[Store] = Store
    client: type[InlineBackend] = InlineBackend
    memory: type[Memory] = Memory

    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        await super().open(namespace, clock)  # refuses what is no name
        memory = self._memories[namespace]
        if type(memory) is not self.memory or type(memory.store) is not self.store:
            memory = self._memories[namespace] = self.memory()
            memory.store = self.store()
        return self.client(memory, clock)

    def describe(self) -> str:
        return f"inline, broken: {(type(self).__module__).rpartition('.')[2]}"


class Patched(BackendHarness):
    """A harness as it is, and faults in the worker over it for as long as this lives."""

    def __init__(self) -> None:
        super().__init__()
        self._patches = ExitStack()
        for target, broken in self.faults().items():
            self._patches.enter_context(mock.patch(target, broken))

    def faults(self) -> dict[str, Any]:
        """What takes the place of what, by its dotted name."""
        raise NotImplementedError

    def close(self) -> None:
        self._patches.close()
        super().close()

    def describe(self) -> str:
        return f"{super().describe()}, broken worker: {type(self).__module__.rpartition('.')[2]}"


class PatchedWorker(Patched, Harness):
    """The inline backend."""
