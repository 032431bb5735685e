"""A worker in a process that runs out of descriptors for a moment: ``python exhausted_app.py KIND LOOP``.

Prints one line ``STATE ATTEMPT`` for each execution that ended; a job that could not be started is no execution.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import jobkit
from jobkit import events

FEW = 64
JOBS = 3
AGAIN = jobkit.Retry(attempts=5, wait=0)

app = jobkit.App("inline:")


@app.job(name="plain", retry=AGAIN)
def plain() -> None: ...


@app.job(name="isolated", isolate="process", retry=AGAIN)
def isolated() -> None: ...


@app.job(name="later", retry=AGAIN)
async def later() -> None: ...


KINDS: dict[str, Any] = {"plain": plain, "isolated": isolated, "async": later}


class Awaited(logging.Handler):
    """Sets an event at the first record that has a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self.seen = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self._text in record.getMessage():
            self.seen.set()


@asynccontextmanager
async def no_descriptors() -> AsyncIterator[None]:
    held: list[int] = []
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        pass
    try:
        yield
    finally:
        for each in held:
            os.close(each)


async def main(kind: str) -> None:
    ended: list[events.Ended] = []
    all_settled = asyncio.Event()
    loop = asyncio.get_running_loop()

    def observe(event: Any) -> None:
        if isinstance(event, events.Ended):
            ended.append(event)
        if isinstance(event, events.Settled) and event.outcome.state != "interrupted":
            settled.append(event)
            if len(settled) == JOBS:
                loop.call_soon_threadsafe(all_settled.set)

    settled: list[events.Settled] = []
    for module in ("jobkit.enqueue.enqueue", "jobkit.worker.embedded"):
        import_module(module)  # at the first enqueue otherwise, which takes a descriptor
    events.observe(observe)
    refused = Awaited("can be started: ")
    logging.getLogger("jobkit.worker").addHandler(refused)
    async with jobkit.Worker(app, concurrency=4):
        async with no_descriptors():
            await app.aenqueue_many([KINDS[kind].call() for _ in range(JOBS)])
            if kind == "isolated":
                await refused.seen.wait()
            else:  # they need no descriptor, but for the loop of the thread that keeps leases
                await asyncio.wait(
                    [loop.create_task(refused.seen.wait()), loop.create_task(all_settled.wait())],
                    return_when=asyncio.FIRST_COMPLETED,
                )
        await asyncio.wait_for(all_settled.wait(), 30)
    for event in ended:
        if event.outcome.state != "interrupted":
            sys.stdout.write(f"{event.outcome.state.value} {event.attempt}\n")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW))
    logging.basicConfig(level=logging.INFO)
    if sys.argv[2] == "uvloop":
        import uvloop

        uvloop.run(main(sys.argv[1]))
    else:
        asyncio.run(main(sys.argv[1]))
