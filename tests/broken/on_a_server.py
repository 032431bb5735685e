"""The Redis backend on a real server, a fault in it: also where it goes through the kit's proxy."""

from __future__ import annotations

from copy import copy
from hashlib import sha1
from typing import ClassVar

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.executor import CommandExecutor
from jobkit.backends.redis.scripts import Script, script
from jobkit.clock import Clock
from jobkit.testing.redis import harness
from jobkit_conformance.transport.proxy import Proxy
from tests.broken.patched import Patched


class ServerHarness(harness.Harness):
    """A subclass names the class with the fault."""

    client: ClassVar[type[RedisBackend]] = RedisBackend
    carrier: ClassVar[type[CommandExecutor]] = CommandExecutor
    edits: ClassVar[tuple[tuple[str, str, str], ...]] = ()
    """Of a script, by its name: what takes the place of what in its text."""

    async def open(self, namespace: str, clock: Clock | None) -> RedisBackend:
        return self._broken(await super().open(namespace, clock))

    async def through(self, namespace: str, clock: Clock | None, proxy: Proxy) -> RedisBackend:
        return self._broken(await super().through(namespace, clock, proxy))

    def _broken(self, backend: RedisBackend) -> RedisBackend:
        backend.__class__ = self.client
        backend._carrier.__class__ = self.carrier
        backend._moves._find = self._script
        return backend

    def _script(self, name: str) -> Script:
        found = copy(script(name))
        text = found.text.decode()
        for edited, old, new in self.edits:
            if edited == name:
                assert old in text, f"{name} does not have {old!r}"
                text = text.replace(old, new)
        found.text = text.encode()
        found.digest = sha1(found.text, usedforsecurity=False).hexdigest()
        return found

    def describe(self) -> str:
        return f"the Redis backend, broken: {type(self).__module__.rpartition('.')[2]}"


class ServerWorker(Patched, harness.Harness):
    """The Redis backend."""
