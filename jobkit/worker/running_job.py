"""A job that runs: what is known of it, and the places that it has."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from jobkit.backend import Delivery
from jobkit.execute.context import JobContext
from jobkit.execute.machine import NotStarted
from jobkit.execute.perform import Registry

THREADS, CHILDREN = "threads", "children"
"""Where a job may need a place beside its slot."""


@dataclass(slots=True)
class RunningJob:
    """A job that has started; ``thread`` when a plain function performs it."""

    delivery: Delivery
    context: JobContext
    task: asyncio.Task[None] | None = None
    thread: Future[Any] | None = None
    not_started: NotStarted | None = None
    """Why its function was not called: the machine had no thread for it."""
    pool: str | None = None
    """Where it has a place beside its slot."""
    limit: float | None = None
    """Seconds that it may take."""
    overrun_timer: asyncio.TimerHandle | None = None
    """When the job's limit is over, and the time that it has to end then."""
    kill_timer: asyncio.TimerHandle | None = None
    """When the process of an isolated job is killed that was cancelled, or lost its lease, and goes on."""


def pool_of(delivery: Delivery, registry: Registry) -> str | None:
    """Where a delivery's job needs a place beside its slot; one that is not known needs none."""
    job = registry.performables.get(delivery.message.headers.get("job", ""))
    if job is None:
        return None
    return CHILDREN if job.isolated else None if job.is_async else THREADS
