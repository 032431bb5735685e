"""Read a stored payload with today's code, and say what changed where that no longer works."""

from __future__ import annotations

import inspect
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from jobkit.backend import Delivery, Message
from jobkit.errors import Undecodable
from jobkit.execute.perform import decode_delivery
from pytest_jobkit.recording.declared_jobs import declared

if TYPE_CHECKING:
    from jobkit.jobs.job import Job
    from pytest_jobkit.features.payloads.storage import Payload

ADVICE = """\
While new code is rolled out, jobs that older code enqueued are still waiting, and each of this shape would become a
dead letter. Either {accept},
or, once none can be in flight any more, drop it on purpose:
  pytest --jobkit-payloads=record"""


def incompatibility(payload: Payload) -> str | None:
    """Why today's code can't perform what was stored; None if it can."""
    job = _find(payload)
    if job is None:
        close = get_close_matches(payload.job, declared(), n=1)
        renamed = f"; was it renamed to {close[0]}?" if close else ""
        accept = f"declare one of that name, @app.job(name={payload.job!r})"
        return _describe(payload, None, [f"no job of this name is declared any more{renamed}"], accept)
    delivery = Delivery(Message("payload", "default", payload.body, headers=payload.headers), 1, 1, "", 0)
    try:
        _, bound = decode_delivery(delivery, job.app)
        args, kwargs = job.signature.apply(bound)
        inspect.signature(job.function).bind(*args, **kwargs)
    except (Undecodable, TypeError) as error:
        changes, accept = _changes(payload, job)
        return _describe(payload, job, [*(changes or [str(error)])], accept)
    return None


def _find(payload: Payload) -> Job[..., Any] | None:
    """By its name; its module is imported if no test did that yet."""
    if payload.job not in declared():
        with suppress(ModuleNotFoundError):
            import_module(payload.module)
    return declared().get(payload.job)


def _describe(payload: Payload, job: Job[..., Any] | None, changes: list[str], accept: str) -> str:
    today = [] if job is None else [f"  today:   {job.signature}"]
    return "\n".join(
        [
            f"{payload.job}: what was stored can't be performed any more",
            f"  stored:  {payload.job}({payload.shape})  {payload.shown}",
            *today,
            *(f"  change:  {change}" for change in changes),
            ADVICE.format(accept=accept),
        ]
    )


def _changes(payload: Payload, job: Job[..., Any]) -> tuple[list[str], str]:
    """What is different in the signature, and what would accept both."""
    stored = parameters(payload.shape)
    today = inspect.signature(job.function).parameters
    takes_any = any(each.kind is each.VAR_KEYWORD for each in today.values())
    gone = [name for name in stored if name not in today and not takes_any]
    needed = [
        name
        for name, each in today.items()
        if each.default is each.empty
        and name not in stored
        and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if len(gone) == len(needed) == 1:
        old, new = gone[0], needed[0]
        return (
            [f"parameter {old!r} was renamed to {new!r}, or one went and the other came"],
            f"take both for a while ({old}: {stored[old]} | None = None, and {new} with a default)",
        )
    changes = [f"parameter {name!r} ({stored[name]}) was removed" for name in gone]
    changes += [f"parameter {name!r} is new, and has no default" for name in needed]
    if gone:
        return changes, f"keep it for a while ({gone[0]}: {stored[gone[0]]} | None = None)"
    if needed:
        return changes, f"give {needed[0]!r} a default"
    return _narrowed(payload, job)


def _narrowed(payload: Payload, job: Job[..., Any]) -> tuple[list[str], str]:
    try:
        job.signature.decode(job.app.coder(payload.coder), payload.body)
    except Undecodable as error:
        why = str(error.__cause__ or error)
        return [f"a type no longer takes what was stored: {why}"], "let the annotation take both types for a while"
    return [], "keep reading what was stored"


def parameters(shape: str) -> dict[str, str]:
    """The parameters that a shape names, and their kinds."""
    found: dict[str, str] = {}
    depth, start = 0, 0
    for place, character in enumerate(f"{shape}, "):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            name, _, kind = shape[start:place].partition(": ")
            if name:
                found[name] = kind
            start = place + 2
    return found
