"""Perform one delivery as a worker would."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import jobkit
from jobkit.backend import Delivery
from jobkit.execute.outcome import Outcome
from jobkit.execute.perform import context_of, perform


def delivery(app: jobkit.App, call: jobkit.Call, *, attempt: int = 1) -> Delivery:
    """What a store would hand out for this call."""
    [(_, _, [outgoing])] = app.sender.group_by_backend([call], atomic=True)
    return Delivery(outgoing.message(), attempt, attempt, token="t", lease_end=0)


async def performed(app: jobkit.App, call: jobkit.Call, *, attempt: int = 1) -> Outcome:
    """In a task of its own, as a worker would."""
    given = delivery(app, call, attempt=attempt)
    return await asyncio.create_task(perform(given, context_of(given), app), context=contextvars.Context())


def job_of(app: jobkit.App, shape: str, body: Callable[[], object], **declared: Any) -> jobkit.Job[[], Any]:
    """A job with this body: asynchronous or plain."""
    if shape == "plain":
        return app.job(name="shop.job", **declared)(body)

    async def run() -> object:
        return body()

    return app.job(name="shop.later", **declared)(run)


def raising(error: BaseException) -> Callable[[], object]:
    """What raises this."""

    def body() -> object:
        raise error

    return body
