"""Requests as the server reads them: by digest, in full, and marked so that a repetition is recognised."""

from __future__ import annotations

from typing import Self

from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.requests import CALLS, CallSlots, Command, ScriptCall, Word


class RequestFactory:
    """Of one client: ``name`` is its own."""

    def __init__(self, keys: Keys, name: str, repeat_window: int) -> None:
        self._calls = keys.calls(name)
        self._window = repeat_window
        self._slots = CallSlots()

    def begin(self, request: ScriptCall | Command) -> Request:
        return Request(request, self._calls, self._window, self._slots)


class Request:
    """One request, sent as often as it takes; it has its slot until it ends."""

    def __init__(self, request: ScriptCall | Command, calls: str, window: int, slots: CallSlots) -> None:
        self._request = request
        self._calls = calls
        self._slots = slots
        self._slot = 0
        self._mark: list[Word] = []
        if isinstance(request, ScriptCall) and request.deduplicated:
            self._slot = slots.take()
            self._mark = [self._slot, slots.next_number(), window]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def writes(self) -> bool:
        """Whether it may change what is stored."""
        return isinstance(self._request, ScriptCall) and not self._request.script.looks

    def end(self) -> None:
        """The slot is free for another."""
        if self._slot:
            self._slots.give_back(self._slot)

    def words(self, *, in_full: bool = False) -> list[Word]:
        """The command; ``in_full`` for a server that does not remember the script."""
        request = self._request
        if isinstance(request, Command):
            return list(request.words)
        how: list[Word] = ["EVAL", request.script.text] if in_full else ["EVALSHA", request.script.digest]
        keys = [self._calls if key == CALLS else key for key in request.keys]
        return [*how, len(keys), *keys, request.mode, *self._mark, *request.arguments]
