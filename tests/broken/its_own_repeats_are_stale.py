"""A settle that is sent again after its reply was lost is told that it is stale: each try counts as another call."""

from __future__ import annotations

from unittest import mock

from jobkit.backends.redis.request_factory import Request
from jobkit.backends.redis.requests import Word
from jobkit.testing.redis.harness import FakeHarness

RULE = "E4"


class Harness(FakeHarness):
    def __init__(self) -> None:
        super().__init__()
        words = Request.words

        def renumbered(self: Request, *, in_full: bool = False) -> list[Word]:
            if self._mark:
                self._mark[1] = self._slots.next_number()
            return words(self, in_full=in_full)

        self._patch = mock.patch.object(Request, "words", renumbered)
        self._patch.start()

    def close(self) -> None:
        self._patch.stop()

    def describe(self) -> str:
        return "the Redis backend on fakeredis, broken: its own repeats are stale"
