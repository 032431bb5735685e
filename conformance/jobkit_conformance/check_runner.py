"""Plays one example, and says what follows for its rule."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jobkit.errors import BackendFull, BackendUnavailable
from jobkit_conformance.answers import MalformedAnswer
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.checks import Check
from jobkit_conformance.env import Env
from jobkit_conformance.render.codegen import program_source
from jobkit_conformance.render.timeline import as_timeline
from jobkit_conformance.render.timeline_data import as_story
from jobkit_conformance.reports.report import Failure
from jobkit_conformance.verdicts import Verdict
from jobkit_conformance.violations import Inconclusive, RuleViolation

LONGEST: Final = 60.0
"""Seconds of real time for one example; none needs as much."""


@dataclass(frozen=True)
class CheckResult:
    """What one play says of a rule."""

    verdict: Verdict
    note: str = ""
    failure: Failure | None = None


async def run_check(example: Check, env: Env, target: str) -> CheckResult:
    """Play an example to its end. What a backend raises breaks the rule; what harness or kit raise is an error."""
    result = await _play(example, env, target)
    try:
        await env.close()
    except Exception as error:  # noqa: BLE001
        seen = f"{example.name}: the harness could not clear up: {type(error).__name__}: {error}"
        return CheckResult(Verdict.ERROR, failure=_failure(seen, example, env, target, error))
    return result


async def _play(example: Check, env: Env, target: str) -> CheckResult:
    try:
        async with asyncio.timeout(LONGEST):
            await example.play(env)
    except RuleViolation as broken:
        return CheckResult(Verdict.BROKEN, failure=_failure(broken.observed, example, env, target))
    except Inconclusive as reason:
        return CheckResult(Verdict.NOT_EXERCISED, f"{example.name}: {reason}")
    except TimeoutError as error:
        seen = f"no end within {LONGEST:g} s"
        return CheckResult(_attribute(error, example, env), failure=_failure(seen, example, env, target))
    except (Exception, asyncio.CancelledError) as error:
        if is_asked_to_end():
            raise
        if _is_away(error, example):
            return CheckResult(Verdict.NOT_EXERCISED, f"{example.name}: the store did not answer: {error}")
        seen = str(error) if isinstance(error, MalformedAnswer) else f"raised {type(error).__name__}: {error}"
        return CheckResult(_attribute(error, example, env), failure=_failure(seen, example, env, target, error))
    return CheckResult(Verdict.KEPT)


def _attribute(error: BaseException, example: Check, env: Env) -> Verdict:
    """Whether it is the subject that raised: a backend, or for the rules about workers anything beneath the kit."""
    if env.trace.raised(error) or isinstance(error, (TimeoutError, MalformedAnswer)):
        return Verdict.BROKEN
    frames = traceback.extract_tb(error.__traceback__)
    of_the_kit = bool(frames) and Path(frames[-1].filename).is_relative_to(Path(__file__).parent)
    return Verdict.BROKEN if BY_ID[example.rule].judges_worker and not of_the_kit else Verdict.ERROR


def _is_away(error: BaseException, example: Check) -> bool:
    """A store that does not answer is no finding, but where that is the question."""
    asked = BY_ID[example.rule].family == "D" or isinstance(error, BackendFull)
    return isinstance(error, BackendUnavailable) and not asked


def _failure(seen: str, example: Check, env: Env, target: str, error: BaseException | None = None) -> Failure:
    calls = [call for call in env.trace.calls if call.client.startswith("c")]
    return Failure(
        seen=f"{seen}\n{traceback_lines(error)}" if error else seen,
        tier=f"the example {example.name!r} ({example.place})",
        program="" if env.trace.began is not None or not calls else program_source(env.trace, target),
        timeline=as_timeline(env.trace),
        story=as_story(env.trace),
        replay=f"--rule {example.rule} --seed {env.seed}",
        shows_in=calls[-1].verb if calls else "",
    )


def is_asked_to_end() -> bool:
    """Whether a cancellation is meant for this task; a backend may raise one that is not."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def traceback_lines(error: BaseException) -> str:
    """Where an error was raised: its last frames."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return "\n".join(f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames)
