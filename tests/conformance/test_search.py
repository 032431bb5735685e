"""What is seen once and not again: a wrong answer counts, and a store that did not answer in time is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from jobkit.backend import Delivery, Duplicate, EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from jobkit.errors import BackendUnavailable
from jobkit_conformance.reports.report import Finding
from jobkit_conformance.runner import Run
from jobkit_conformance.verdicts import Verdict
from tests.broken.patched import PatchedHarness
from tests.conformance.small_profile import SWIFT


class Once(InlineBackend):
    """Fails at one call of all."""

    left: ClassVar[int]

    @classmethod
    def now(cls) -> bool:
        cls.left -= 1
        return cls.left == 0


class Late(Once):
    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        if self.now():
            raise BackendUnavailable("no answer within 5000 ms") from TimeoutError()
        return await super().reserve(queues, limit=limit, lease=lease, wait=wait)


class Wrong(Once):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        outcomes = await super().enqueue(messages)
        return [Duplicate() for _ in outcomes] if self.now() else outcomes


class Often(Once):
    """Every third call is wrong: what breaks may not break again."""

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        outcomes = await super().enqueue(messages)
        if self.left <= 0:
            type(self).left = 3
        return [Duplicate() for _ in outcomes] if self.now() else outcomes


def drawn(client: type[Once], rule: str, at: int) -> Finding:
    class Harness(PatchedHarness): ...

    Harness.client = client
    run = Run(Harness(), SWIFT, 1, frozenset({rule}))
    client.left = 10**9
    try:
        assert not run.begin("the target")
        client.left = at
        for part in run.parts():
            if part.words.startswith("the machine"):
                part.play()
        return run.report(0.0).findings[rule]
    finally:
        run.close()


def test_that_a_store_did_not_answer_once_is_in_doubt() -> None:
    finding = drawn(Late, "R2", at=20)
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.note.startswith("seen once, and not again, as on a machine that stood still: reserve raised")
    assert finding.failure is None


def test_a_wrong_answer_counts_though_it_comes_but_once() -> None:
    finding = drawn(Wrong, "E3", at=1)
    assert finding.verdict is Verdict.BROKEN
    assert finding.failure is not None
    assert "(once: when the same program was played again, all was well)" in finding.failure.seen


@pytest.mark.parametrize("at", [1, 2, 3])
def test_what_breaks_now_and_then_is_broken_and_no_error_of_the_kit(at: int) -> None:
    finding = drawn(Often, "E3", at=at)
    assert finding.verdict is Verdict.BROKEN
