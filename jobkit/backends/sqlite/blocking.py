"""The backend for callers without an event loop: a connection of its own, and no thread."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.sqlite.commands import enqueue, size_of
from jobkit.backends.sqlite.store import Store
from jobkit.validation import check_messages


class BlockingSqlite:
    """Any thread may call it, one after another; a child of this process too."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        check_messages(messages, self._store.settings.capabilities)
        batch = list(messages)
        return self._store.fill(lambda step: enqueue(step, batch), size_of(batch))

    def close(self) -> None:
        self._store.close()
