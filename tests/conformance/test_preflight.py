"""A harness that is not sound is told so, before any rule is asked; what is the kit's own fault is called that."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from jobkit.backend import Capabilities, EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from jobkit_conformance.check_runner import run_check
from jobkit_conformance.checks.registry import Check
from jobkit_conformance.env import Env
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.verdicts import Exit, Verdict
from jobkit_conformance.violations import RuleViolation
from tests.broken.patched import PatchedHarness
from tests.broken.takes_what_it_does_not_claim import Harness as Accepting
from tests.conformance import unsound
from tests.conformance.small_profile import run


@pytest.mark.parametrize(
    ("harness", "said"),
    [
        (unsound.Amnesiac, "a job of one client is not granted to another"),
        (unsound.Cluttered, "a namespace that was never used has jobs"),
        (unsound.NeverWiping, "a job is there after wipe()"),
        (unsound.Timeless, "take its time from the clock that open() is given"),
        (unsound.Unmoved, "the backend's clock moved by"),
        (unsound.Nothing, "open() returned nothing"),
        (unsound.Unclaiming, "the backend's capabilities are dict"),
        (unsound.TooSmall, "max_batch is 1: the kit's programs need 10"),
        (unsound.Failing, "raised ConnectionRefusedError: nobody listens there"),
    ],
)
def test_an_unsound_harness_is_told_what_to_mend(harness: type[BackendHarness], said: str) -> None:
    report = run(harness(), "B1")
    assert said in report.unsound
    assert report.exit is Exit.KIT_FAILED
    assert {finding.verdict for finding in report.findings.values()} == {Verdict.NOT_RUN}


def test_a_harness_that_fails_later_is_an_error_of_its_rule() -> None:
    report = run(unsound.Untidy(), "B1", "B5")
    failed = {finding.rule.id: finding for finding in report.failed()}
    assert {finding.verdict for finding in failed.values()} == {Verdict.ERROR}
    assert report.exit is Exit.KIT_FAILED
    assert all(
        finding.failure and "the harness could not clear up" in finding.failure.seen for finding in failed.values()
    )


def test_what_is_accepted_without_a_claim_fails_the_run() -> None:
    report = run(Accepting(), "B1", "T1")
    assert report.accepted_unclaimed == ("delay",)
    assert report.findings["T1"].verdict is Verdict.BROKEN
    assert report.exit is Exit.BROKEN


class _Clumsy(InlineBackend):
    @property
    def capabilities(self) -> Capabilities:
        return structs.replace(super().capabilities, keys=False)

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        if any(message.key is not None for message in messages):
            raise NotImplementedError("keys")
        return await super().enqueue(messages)


class Clumsy(PatchedHarness):
    client = _Clumsy


def test_another_error_is_no_refusal() -> None:
    report = run(Clumsy(), "K1")
    assert report.accepted_unclaimed == ("keys",)
    assert report.exit is Exit.BROKEN


async def _kit_fails(env: Env) -> None:
    raise ZeroDivisionError("a mistake in an example")


async def _backend_fails(env: Env) -> None:
    client = await env.client()
    await client.enqueue(None)  # type: ignore[arg-type]


async def _never_gets_there(env: Env) -> None:
    env.require(False, "the sky is not green")  # noqa: FBT003


async def _finds_something(env: Env) -> None:
    raise RuleViolation(env.rule, "something")


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (_kit_fails, Verdict.ERROR),
        (_backend_fails, Verdict.BROKEN),
        (_never_gets_there, Verdict.NOT_EXERCISED),
        (_finds_something, Verdict.BROKEN),
    ],
)
async def test_whose_fault_it_is(play: object, expected: Verdict) -> None:
    harness = PatchedHarness()
    client = await harness.open("whose", None)
    env = Env(harness, "whose", client.capabilities, "B1")
    result = await run_check(Check("B1", play), env, "target")  # type: ignore[arg-type]
    assert result.verdict is expected
