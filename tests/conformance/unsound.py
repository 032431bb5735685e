"""Harnesses that nobody can rely on, each in one way."""

from __future__ import annotations

from typing import Any, cast

from msgspec import structs

from jobkit.backend import Capabilities, Message
from jobkit.backends.inline.backend import CAPABILITIES, InlineBackend, Memory
from jobkit.clock import Clock
from jobkit.testing.inline import Harness
from tests.conformance.honest import Offset


class Amnesiac(Harness):
    """Every client has a store of its own."""

    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        return InlineBackend(Memory(), clock)


class Cluttered(Harness):
    """A namespace begins with what somebody left there."""

    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        fresh = namespace not in self._memories
        client = await super().open(namespace, clock)
        if fresh:
            await client.enqueue([Message("left over", "q", b"")])
        return client


class NeverWiping(Harness):
    async def wipe(self, namespace: str) -> None:
        pass


class Timeless(Harness):
    """The clock that it is given is not the clock that it goes by."""

    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        return await super().open(namespace, None)


class Unmoved(Offset):
    """Moves the clock of nobody."""

    async def move(self, namespace: str, offset_ms: int) -> None:
        pass


class Nothing(Harness):
    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        return cast("Any", None)  # type: ignore[no-any-return]


class Silent(InlineBackend):
    @property
    def capabilities(self) -> Capabilities:
        return cast("Any", {"delay": True})  # type: ignore[no-any-return]


class Unclaiming(Harness):
    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        return Silent(Memory(), clock)


class Tiny(InlineBackend):
    @property
    def capabilities(self) -> Capabilities:
        return structs.replace(CAPABILITIES, max_batch=1)


class TooSmall(Harness):
    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        return Tiny(Memory(), clock)


class Failing(Harness):
    """The store is not there at all."""

    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        raise ConnectionRefusedError("nobody listens there")


class Untidy(Harness):
    """Fails when it clears up, once the preflight is over."""

    def __init__(self) -> None:
        super().__init__()
        self.wiped = 0

    async def wipe(self, namespace: str) -> None:
        self.wiped += 1
        if self.wiped > 12:
            raise RuntimeError("the disk is gone")
        await super().wipe(namespace)
