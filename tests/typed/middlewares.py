"""Middlewares of every shape, on both sides."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator
from typing import assert_type

import jobkit
from jobkit.enqueue.context import EnqueueContext


def stamp(outgoing: EnqueueContext) -> None:
    assert_type(outgoing.metadata, dict[str, str])
    outgoing.metadata["tenant"] = "acme"
    if outgoing.arguments.get("user_id") == 13:
        raise jobkit.Refuse("not him")


async def look_up(outgoing: EnqueueContext) -> None:
    assert_type(outgoing.id, str)


def logged(outgoing: EnqueueContext) -> Generator[None, jobkit.Receipt, None]:
    receipt = yield
    assert_type(receipt, jobkit.Receipt)


async def traced(outgoing: EnqueueContext) -> AsyncGenerator[None, jobkit.Receipt]:
    receipt = yield
    assert_type(receipt.job, str)


def timed(context: jobkit.JobContext) -> Generator[None, object, None]:
    began = time.monotonic()
    yield
    print(context.job, context.id, context.attempt, context.metadata, time.monotonic() - began)


async def tenant(context: jobkit.JobContext) -> AsyncGenerator[None, object]:
    if "tenant" not in context.metadata:
        raise jobkit.Skip("nobody's")
    yield


class Limit:
    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, context: jobkit.JobContext) -> None:
        if context.attempt > self.most:
            raise jobkit.Skip("enough")


app = jobkit.App(enqueue=[stamp, logged], perform=[timed, Limit(3)])
app.queue("mail", enqueue=[look_up, traced], perform=[tenant], aliases=["post"])


@app.job(queue="mail")
def send(user_id: int) -> None:
    context = jobkit.current_job()
    assert_type(context, jobkit.JobContext | None)
    if context is not None and context.should_stop:
        return
