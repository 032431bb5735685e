"""Delays are not claimed, and taken all the same."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from jobkit.backend import Capabilities, EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "C1"


class Modest(InlineBackend):
    @property
    def capabilities(self) -> Capabilities:
        return structs.replace(super().capabilities, delay=False)

    def _enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return super()._enqueue([structs.replace(message, at=None, after=None) for message in messages])


class Harness(PatchedHarness):
    client = Modest
