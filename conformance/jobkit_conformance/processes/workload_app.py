"""The app whose jobs the workers of a play perform, over the backend that the environment names; and its producer."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from jobkit.app import App
from jobkit.backend import Accepted, Backend, Duplicate, Message
from jobkit.clock import Clock
from jobkit.connections.resolver import find
from jobkit.execute.context import current_job
from jobkit.jobs.envelope import Envelope
from jobkit.retry import Retry
from jobkit_conformance.processes import task
from jobkit_conformance.processes.recording import RecordingBackend

STORE: Final = "JOBKIT_KIT_STORE"
"""What JOBKIT_BACKEND holds elsewhere."""
NAMESPACE: Final = "JOBKIT_KIT_NAMESPACE"

LIMIT: Final = 2
"""Starts at most, of a job that kills its worker."""
ENOUGH: Final = 50
"""More attempts than any job loses by faults."""

_jobs: dict[str, tuple[str, int]] = {}


def _open() -> Backend:
    return find(os.environ[STORE], os.environ[NAMESPACE]).open()


def _witnessed(_url: str | None, _namespace: str, _clock: Clock | None) -> Backend:
    return RecordingBackend(_open(), _jobs)


app = App(_witnessed, namespace=os.environ.get(NAMESPACE, "kit"))
_again = Retry(attempts=ENOUGH, wait=0.05)


def _attempt() -> int:
    context = current_job()
    assert context is not None
    return context.attempt


@app.job(name="nap", retry=_again)
async def nap(word: str) -> None:
    """On the loop, among others."""
    await task.aperform(word, _attempt())


@app.job(name="thread", retry=_again)
def thread(word: str) -> None:
    """In a thread."""
    task.perform(word, _attempt())


@app.job(name="block", retry=_again)
async def block(word: str) -> None:
    """On the loop, which it blocks."""
    task.perform(word, _attempt())


@app.job(name="kills", retry=Retry(attempts=LIMIT))
async def kills(word: str) -> None:
    """Ends its worker's process, each time."""
    await task.aperform(word, _attempt())


MANNERS: Final = ("block", "thread", "nap")


def enqueue(words: Sequence[str]) -> None:
    """Store them in one step, each under its own id: a repeat finds what is there already."""
    outcomes = asyncio.run(_enqueue([_message(word) for word in words]))
    bad = [outcome for outcome in outcomes if not isinstance(outcome, (Accepted, Duplicate))]
    if bad:
        raise AssertionError(f"an enqueue answered {bad[0]}")


async def _enqueue(messages: Sequence[Message]) -> list[Any]:
    backend = _open()
    try:
        return list(await backend.enqueue(messages))
    finally:
        await backend.close()


def _message(word: str) -> Message:
    """Which job performs it follows from its id, so that a repeat is the same message."""
    each = task.read(word)
    job = "kills" if each.how == "kills" else MANNERS[sum(each.id.encode()) % len(MANNERS)]
    body = msgspec.json.encode({"word": word})
    headers = Envelope(job, "json", body).headers()
    return Message(each.id, "default", body, after=each.after or None, headers=headers)


def _end_with_the_play() -> None:
    """A worker whose play is gone ends too, however that was ended."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if task.SLOT in os.environ:
    threading.Thread(target=_end_with_the_play, daemon=True).start()
