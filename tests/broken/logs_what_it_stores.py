"""Every message is logged as it is (naas #8)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "C3"


log = logging.getLogger(__name__)


class Talkative(InlineBackend):
    def _enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        log.debug("storing %s", [message.body for message in messages])
        return super()._enqueue(messages)


class Harness(PatchedHarness):
    client = Talkative
