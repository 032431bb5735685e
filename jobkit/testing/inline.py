"""How the inline backend presents itself to the conformance kit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar, Literal

from jobkit.backends.inline.backend import InlineBackend, Memory
from jobkit.clock import Clock
from jobkit.validation import check_name
from jobkit_conformance import BackendHarness


class Harness(BackendHarness):
    """Memory has no process of its own to end, and no connections."""

    simulated = True
    clock_mode: ClassVar[Literal["frozen", "offset", "real"]] = "frozen"
    worker_counts = True

    def __init__(self) -> None:
        self._memories: dict[str, Memory] = {}

    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        check_name("namespace", namespace)
        return InlineBackend(self._memories.setdefault(namespace, Memory()), clock)

    async def wipe(self, namespace: str) -> None:
        self._memories.pop(namespace, None)

    def describe(self) -> str:
        return "inline"

    async def cost(self) -> float:
        return time.thread_time() * 1000

    async def footprint(self, namespace: str) -> Mapping[str, int]:
        return self._memories[namespace].store.footprint()
