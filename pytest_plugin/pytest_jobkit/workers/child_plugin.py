"""The other end of a test's worker: ``python -m pytest_jobkit.workers.child_plugin``, told what to do by its input.

It performs jobs as ``jobkit worker`` does, keeps them where the test does, and says what happens on its output; what
jobs and logging print goes where errors go.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from struct import pack as packed
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from jobkit.connections.resolver import BackendSource, Spec
    from jobkit.events import AnyEvent
    from jobkit.worker import Worker

LENGTH = "!I"
"""Before each parcel: how many bytes it has."""

READY = b"ready"


@dataclass(frozen=True)
class Orders:
    """What a test tells its worker: which app, where its jobs are kept, and the options of `jobkit.Worker`."""

    app: str
    path: list[str]
    root: str
    factory: str
    url: str | None
    namespace: str
    options: dict[str, Any]


def main() -> None:
    speaking = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    orders = Orders(**pickle.load(sys.stdin.buffer))  # noqa: S301 - from the process that started this one
    sys.path[:] = orders.path
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    _EventForwarder(orders, speaking).begin()
    asyncio.run(_work(orders, speaking))


def _end_with_the_test() -> None:
    """Its process holds the other end of the input, and lets go of it when it dies, however that happens."""
    sys.stdin.buffer.read()
    os._exit(1)


async def _work(orders: Orders, speaking: BinaryIO) -> None:
    from jobkit.cli.targets import find_app
    from jobkit.worker import Worker

    logging.basicConfig(level=logging.INFO, format="%(levelname)-7s %(message)s", stream=sys.stderr)
    worker = Worker(find_app(orders.app), **orders.options)
    telling = asyncio.get_running_loop().create_task(_tell_when_ready(worker, speaking))
    await worker.run()
    telling.cancel()


async def _tell_when_ready(worker: Worker, speaking: BinaryIO) -> None:
    while not worker.ready:  # noqa: ASYNC110 - it says whether it is, and not when it came to be
        await asyncio.sleep(0.005)
    send(speaking, READY)


_saying = threading.Lock()


def send(speaking: BinaryIO, parcel: bytes) -> None:
    with _saying:
        speaking.write(packed(LENGTH, len(parcel)) + parcel)
        speaking.flush()


class _EventForwarder:
    """Keeps jobs where the test does, and tells it what happens here."""

    def __init__(self, orders: Orders, speaking: BinaryIO) -> None:
        from jobkit.connections.resolver import load

        self._orders = orders
        self._speaking = speaking
        self._factory = load(orders.factory)

    def begin(self) -> None:
        from jobkit import events, redaction
        from jobkit.connections import resolver

        resolver.override_backends(self._redirect)
        redaction.show_arguments(shown=True)
        events.observe(self._hear)

    def _redirect(self, spec: Spec | None, namespace: str) -> BackendSource:
        from jobkit.connections.resolver import BackendSource
        from pytest_jobkit.backends.namespaces import namespace_suffix

        return BackendSource(
            self._factory, self._orders.url, f"{self._orders.namespace}-{namespace_suffix(spec, namespace)}"
        )

    def _hear(self, event: AnyEvent) -> None:
        from jobkit import events
        from jobkit.execute.context import current_job
        from pytest_jobkit.recording.call_site import call_site
        from pytest_jobkit.workers.event_frames import EventFrame, pack

        running = current_job()
        site = call_site(Path(self._orders.root)) if isinstance(event, events.Enqueued) else None
        where = None if site is None else (site.filename, site.line)
        parcel = pack(EventFrame(event, where, None if running is None else running.id))
        if parcel is not None:
            send(self._speaking, parcel)


if __name__ == "__main__":
    main()
