"""Perform one delivery, and say what came of it; touches no backend."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

from msgspec import Struct

from jobkit.backend import Delivery
from jobkit.coder import Coder
from jobkit.errors import Interrupted, ProcessLost, Skip, TimeLimit, Undecodable
from jobkit.execute.context import JobContext, enter
from jobkit.execute.machine import NotStarted, is_machine_fault
from jobkit.execute.outcome import Outcome, Performed
from jobkit.jobs.envelope import parse_envelope
from jobkit.jobs.limits import SoftLimited, run_with_limit, time_limit
from jobkit.jobs.middleware import AsyncMiddlewareChain, Middleware, MiddlewareChain, is_async
from jobkit.jobs.signature import Signature
from jobkit.redaction import printable
from jobkit.retry import Retry, Rules

REASON_LENGTH = 8_000
"""Characters; the tail of a longer reason is cut."""

RunSync: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a plain function somewhere, and answers with its result."""


class RunnableJob(Protocol):
    """A declared job, as far as performing needs it."""

    @property
    def name(self) -> str: ...
    @property
    def function(self) -> Callable[..., Any]: ...
    @property
    def is_async(self) -> bool: ...
    @property
    def signature(self) -> Signature: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def isolated(self) -> bool:
        """Whether a worker performs it in a process of its own."""
        ...

    @property
    def module(self) -> str:
        """By which another process imports what declares it."""
        ...

    @property
    def limit(self) -> float | None:
        """Seconds that one attempt may take."""
        ...

    @property
    def soft_limit(self) -> float | None:
        """Seconds after which an attempt is told, and may end by itself."""
        ...


class Registry(Protocol):
    """Which functions there are, and what each queue's jobs run through."""

    @property
    def performables(self) -> Mapping[str, RunnableJob]:
        """By name. A name from the store is looked up here, and never imported."""
        ...

    def perform_middleware(self, queue: str) -> Sequence[Middleware]: ...

    def coder(self, name: str, queue: str) -> Coder:
        """`Undecodable` when bodies of this queue may have none of this name."""
        ...


Performing: TypeAlias = Callable[[Delivery, JobContext, Registry, RunSync], Coroutine[Any, Any, Outcome]]
"""Performs a delivery: `perform`, or what stands in for it."""


async def in_thread(function: Callable[[], Any]) -> Any:
    """The default for plain functions: asyncio's own pool of threads."""
    return await asyncio.get_running_loop().run_in_executor(None, function)


def context_of(delivery: Delivery) -> JobContext:
    """What the job will see; readable even when the delivery is not."""
    message = delivery.message
    return JobContext(
        id=message.id,
        job=message.headers.get("job", "unknown"),
        queue=message.queue,
        attempt=delivery.attempt,
        headers=message.headers,
        checkpoint=delivery.checkpoint,
    )


async def perform(delivery: Delivery, context: JobContext, registry: Registry, plain: RunSync = in_thread) -> Outcome:
    """Perform a delivery: decode, run through the middlewares, and judge how it ended by the job's rules.

    Raises nothing that the job raises: that is in the outcome. A cancellation from outside is an interruption, but for
    an attempt that is past the job's limit: that has failed.
    """
    try:
        job, bound = decode_delivery(delivery, registry)
    except Exception as error:  # noqa: BLE001 - whatever is stored, whoever reads it lives
        if is_machine_fault(error):
            return Outcome(state=Performed.INTERRUPTED, error=NotStarted(error_summary(error)))
        reason = str(error) if isinstance(error, Undecodable) else error_summary(error)
        return Outcome(state=Performed.DEAD, error=error, reason=reason)
    if delivery.attempt > job.rules.attempts:
        return Outcome(state=Performed.DEAD, reason=_worn_out(delivery, job))
    context.coder = registry.coder(delivery.message.headers["coder"], delivery.message.queue)
    context.begin(asyncio.get_running_loop().time, limit=job.limit, soft_limit=job.soft_limit)
    enter(context)
    middlewares = registry.perform_middleware(delivery.message.queue)
    try:
        value = await run_with_limit(job.limit, lambda: _run(job, bound, context, middlewares, plain))
    except Skip as skip:
        return Outcome(state=Performed.SKIPPED, reason=str(skip))
    except TimeLimit as error:
        context.past_limit = True
        return outcome_of_error(job.rules, context, error)
    except (asyncio.CancelledError, Interrupted) as error:
        if context.should_stop or _cancelled_from_outside():
            return Outcome(state=Performed.INTERRUPTED, error=error)
        return outcome_of_error(job.rules, context, error)
    except BaseException as error:  # noqa: BLE001 - nothing that a job raises may end its worker
        return outcome_of_error(job.rules, context, error)
    return Outcome(state=Performed.SUCCEEDED, value=value)


def limits_of(deliveries: Iterable[Delivery], registry: Registry) -> dict[str, float]:
    """By token, the seconds that each attempt may take; without those whose job has no limit, or is not known."""
    jobs = {each.token: registry.performables.get(each.message.headers.get("job", "")) for each in deliveries}
    return {token: job.limit for token, job in jobs.items() if job is not None and job.limit is not None}


def outcome_of_lost_process(job: RunnableJob, context: JobContext, error: ProcessLost) -> Outcome:
    """What follows when the process of an isolated job is lost: by the job's rules, or as when a worker is lost."""
    if job.rules.covers(error):
        return outcome_of_error(job.rules, context, error)
    return outcome_of_error(Rules([Retry(attempts=job.rules.attempts)]), context, error)


def outcome_of_overrun(delivery: Delivery, context: JobContext, registry: Registry) -> Outcome:
    """What comes of an attempt that goes on past its job's limit, and does not end when it is cancelled."""
    context.past_limit = True
    job = registry.performables[delivery.message.headers["job"]]
    return outcome_of_error(job.rules, context, time_limit(job.limit or 0))


def _cancelled_from_outside() -> bool:
    """A job may meet a cancelled future of its own making; that is its failure, and leaves no request on its task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def decode_delivery(delivery: Delivery, registry: Registry) -> tuple[RunnableJob, dict[str, object]]:
    """The job and its arguments; `Undecodable` with a reason that a reader understands."""
    found = parse_envelope(delivery.message.headers, delivery.message.body)
    job = registry.performables.get(found.job)
    if job is None:
        name = printable(found.job)
        close = get_close_matches(name, registry.performables, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise Undecodable(f"no job named '{name}' is declared in this app{hint}")
    return job, job.signature.decode(registry.coder(found.coder, delivery.message.queue), found.arguments)


def outcome_of_error(rules: Rules, context: JobContext, error: BaseException) -> Outcome:
    """What follows from an error, by the job's rules."""
    if rules.discards(error):
        return Outcome(state=Performed.DISCARDED, error=error, reason=error_summary(error))
    rule = rules.rule_for(error)
    if rule is None or context.attempt >= rule.attempts:
        return Outcome(state=Performed.DEAD, error=error, reason=reason_of(error))
    try:
        seconds = rule.seconds(context.attempt, error, f"{context.id}:{context.attempt}")
    except Exception as broken:  # noqa: BLE001 - the wait may be anybody's function
        reason = f"the retry's wait raised {error_summary(broken)}\nafter {reason_of(error)}"
        return Outcome(state=Performed.DEAD, error=error, reason=reason[:REASON_LENGTH])
    return Outcome(state=Performed.RETRYING, error=error, retry_in=seconds)


def error_summary(error: BaseException) -> str:
    """``TypeError: message``, also when the message can't be printed."""
    return "".join(traceback.TracebackException(type(error), error, None).format_exception_only()).strip()


def reason_of(error: BaseException) -> str:
    """The error and where it came from, without the frames that are jobkit's own."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_OWN_FOLDER)
    ]
    return "\n".join([error_summary(error), *"".join(traceback.format_list(frames)).splitlines()])[:REASON_LENGTH]


_OWN_FOLDER = str(Path(__file__).parents[1]) + os.sep


def _worn_out(delivery: Delivery, job: RunnableJob) -> str:
    return (
        f"attempt {delivery.attempt} of at most {job.rules.attempts}, so it was not started: "
        "the earlier ones ended with their workers, or never reached one"
    )


async def _run(
    job: RunnableJob,
    bound: Mapping[str, object],
    context: JobContext,
    middlewares: Sequence[Middleware],
    plain: RunSync,
) -> Any:
    """An asynchronous job runs here; a plain one elsewhere, together with the plain middlewares next to it."""
    args, kwargs = job.signature.apply(bound)
    if job.is_async:
        return await _through(middlewares, context, lambda: _softened(job, context, job.function(*args, **kwargs)))
    outer = max((place for place, each in enumerate(middlewares, start=1) if is_async(each)), default=0)
    inner = middlewares[outer:]

    def call() -> Any:
        return _through_plain(inner, context, lambda: _plain_value(job, job.function(*args, **kwargs)))

    async def run() -> Any:
        inside = contextvars.copy_context()  # with what the middlewares further out have set
        ended = await plain(lambda: _caught(lambda: inside.run(call)))
        if ended.error is not None:
            raise ended.error
        return ended.value

    return await _through(middlewares[:outer], context, run)


def _softened(job: RunnableJob, context: JobContext, coroutine: Any) -> Awaitable[Any]:
    if job.soft_limit is None or context.soft_end is None:
        return cast("Awaitable[Any]", coroutine)
    return SoftLimited(coroutine, job.soft_limit, context.soft_end)


class _Ended(Struct, frozen=True):
    """How a plain function ended. Futures can't carry every error: some would end whoever awaits them."""

    value: Any = None
    error: BaseException | None = None


def _caught(call: Callable[[], Any]) -> _Ended:
    try:
        return _Ended(value=call())
    except BaseException as error:  # noqa: BLE001 - raised again where somebody awaits it
        return _Ended(error=error)


def _plain_value(job: RunnableJob, value: object) -> object:
    if inspect.iscoroutine(value):
        value.close()
        raise TypeError(f"{job.name} is declared as a plain function and returned a coroutine: declare it async")
    return value


def _through_plain(middlewares: Sequence[Middleware], context: JobContext, call: Callable[[], Any]) -> Any:
    way = MiddlewareChain(middlewares, context)
    way.enter()
    try:
        value = call()
    except BaseException as error:
        way.fail(error)
        raise
    way.leave(value)
    return value


async def _through(middlewares: Sequence[Middleware], context: JobContext, call: Callable[[], Awaitable[Any]]) -> Any:
    if not middlewares:
        return await call()
    way = AsyncMiddlewareChain(middlewares, context)
    await way.enter()
    try:
        value = await call()
    except BaseException as error:
        await way.fail(error)
        raise
    await way.leave(value)
    return value
