"""Other versions of the Redis backend: its scripts as another release may have them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from jobkit.backends.redis import RedisBackend, fake
from jobkit.backends.redis.scripts import Script, script
from jobkit.clock import Clock
from jobkit.testing.redis.harness import FakeHarness

Change = Callable[[str], str]
"""Of a script's text."""


def compatible(text: str) -> str:
    """A release with the same layout: it flags each state that it writes, and notes in meta what wrote last."""
    before = "state.attempt, state.number, state.mark, state.flags, state.token"
    flagged = "state.attempt, state.number, state.mark, string.gsub(state.flags, 'z', '') .. 'z', state.token"
    first, first_flagged = "return '1 1 - '", "return '1 1 -z '"
    seq = "call('HSET', meta, 'seq', int(seq), "
    text = replaced(replaced(text, before, flagged), first, first_flagged)
    return replaced(text, seq, f"{seq}'wrote', 'another release', ", optional=True)


def next_layout(text: str) -> str:
    """A release that writes something that this one can't read."""
    return replaced(text, "local LAYOUT = 1", "local LAYOUT = 2")


def replaced(text: str, old: str, new: str, *, optional: bool = False) -> str:
    assert optional or old in text, f"no {old!r} in this script any more"
    return text.replace(old, new)


def turned_into(backend: RedisBackend, change: Change) -> RedisBackend:
    """The same client, as another version has it."""

    def find(name: str) -> Script:
        found = Script(name)
        found.text = change(script(name).text.decode()).encode()
        found.digest = hashlib.sha1(found.text, usedforsecurity=False).hexdigest()
        return found

    backend._moves._find = find
    return backend


class TwoVersions(FakeHarness):
    """Every second client is of another release."""

    def __init__(self) -> None:
        super().__init__()
        self._opened = 0

    async def open(self, namespace: str, clock: Clock | None) -> RedisBackend:
        self._opened += 1
        backend = fake.open_fake(self._server, namespace, clock)
        return turned_into(backend, compatible) if self._opened % 2 else backend
