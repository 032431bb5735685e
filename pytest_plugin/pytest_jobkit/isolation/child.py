"""A job's own process: ``python -m pytest_jobkit.isolation.child`` performs one delivery, which its input says.

It keeps nothing: what the job enqueues, cancels or keeps as a checkpoint is asked of the test's process, which has the
store. What the job prints goes where errors go.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import Future
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from msgspec.structs import replace

from jobkit import events, redaction
from jobkit.backend import Backend, Capabilities, EnqueueOutcome, Message
from jobkit.backends.delegating import DelegatingBackend
from jobkit.connections import resolver
from jobkit.connections.resolver import BackendSource
from jobkit.execute.perform import context_of, error_summary, perform
from pytest_jobkit.backends.namespaces import import_path
from pytest_jobkit.isolation import databases, protocol
from pytest_jobkit.isolation.protocol import StoreCall, StoreRef, StoreReply
from pytest_jobkit.recording.call_site import call_site
from pytest_jobkit.recording.declared_jobs import declared
from pytest_jobkit.workers.event_frames import picklable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from jobkit.connections.resolver import Spec
    from jobkit.execute.outcome import Outcome


def main() -> None:
    speaking = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    hearing = os.fdopen(os.dup(0), "rb")
    line = ParentLink(hearing, speaking)
    orders: protocol.RunRequest = protocol.read(hearing)
    sys.path[:] = orders.path
    home = RemoteStores(line, Path(orders.root))
    resolver.override_backends(home.redirect)
    redaction.show_arguments(shown=True)
    events.observe(home.hear)
    try:
        databases.open_those_of(orders.databases)
        import_module(orders.module)
        app = declared()[orders.delivery.message.headers["job"]].app
    except KeyError:
        line.say(protocol.NotRunnable(f"importing {orders.module} anew declares no job of that name"))
        return
    except BaseException as error:  # noqa: BLE001 - whatever the module does when it is imported
        line.say(protocol.NotRunnable(f"importing {orders.module} anew raises {error_summary(error)}"))
        return
    context = context_of(orders.delivery)
    context.carry(Checkpoints(line))

    async def here() -> Outcome:
        return await perform(orders.delivery, context, app)

    line.say(protocol.Finished(picklable(asyncio.run(here()))))
    os._exit(0)  # whatever threads the job left behind


class ParentLink:
    """To the test's process and back; one question at a time."""

    def __init__(self, hearing: BinaryIO, speaking: BinaryIO) -> None:
        self._hearing = hearing
        self._speaking = speaking
        self._lock = threading.RLock()

    def say(self, frame: object) -> None:
        with self._lock:
            protocol.write(self._speaking, frame)

    def ask(self, frame: object) -> Any:
        """The answer, or the error that it holds."""
        with self._lock:
            protocol.write(self._speaking, frame)
            answer: StoreReply | None = protocol.read(self._hearing)
        if answer is None:
            os._exit(1)  # the test is gone
        if answer.error is not None:
            raise answer.error
        return answer.value


class RemoteStores:
    """Where every app of this process keeps its jobs, and who hears of it."""

    def __init__(self, line: ParentLink, root: Path) -> None:
        self._line = line
        self._root = root
        self._sources: dict[tuple[Spec | None, str], BackendSource] = {}

    def redirect(self, spec: Spec | None, namespace: str) -> BackendSource:
        if (spec, namespace) not in self._sources:
            is_factory = spec is not None and not isinstance(spec, str)
            place = StoreRef(import_path(spec) if is_factory else cast("str | None", spec), is_factory, namespace)
            asking = RemoteHook(self._line, place)
            self._sources[spec, namespace] = BackendSource(
                lambda url, name, clock: RemoteBackend(asking), None, namespace, attendant=asking
            )
        return self._sources[spec, namespace]

    def hear(self, event: events.AnyEvent) -> None:
        match event:
            case events.Enqueued(call=call):
                site = call_site(self._root)
                where = None if site is None else (site.filename, site.line)
                portable_event = replace(event, call=cast("Any", None))
                self._line.say(protocol.Enqueued(call.job.name, call.options, portable_event, where))
            case events.CancelAccepted():
                self._line.say(protocol.EventMessage(event))
            case _:
                return


class RemoteHook:
    """Asks the test's process about one store; stands by at its enqueues, as the test's own attendant does there."""

    def __init__(self, line: ParentLink, place: StoreRef) -> None:
        self._line = line
        self._place = place

    def ask(self, verb: str, args: Sequence[Any] = (), stated: Mapping[str, Any] | None = None) -> Any:
        return self._line.ask(StoreCall(self._place, verb, tuple(args), dict(stated or {})))

    def before(self, messages: Sequence[Message]) -> None:
        self.ask(protocol.BEFORE, (list(messages),))

    def after(self, ids: Sequence[str]) -> Awaitable[None] | None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.ask(protocol.AFTER, (list(ids),))
            return None
        return asyncio.to_thread(self.ask, protocol.AFTER, (list(ids),))


class RemoteBackend(DelegatingBackend):
    """A backend that has all of its answers from the test's process."""

    def __init__(self, asking: RemoteHook) -> None:
        super().__init__(cast("Backend", None))
        self._asking = asking

    @property
    def capabilities(self) -> Capabilities:
        return cast("Capabilities", self._asking.ask(protocol.CAPABILITIES))

    async def intercept(
        self, verb: str, args: Sequence[Any], stated: Mapping[str, Any], call: Callable[[], Awaitable[Any]]
    ) -> Any:
        return None if verb == "close" else await asyncio.to_thread(self._asking.ask, verb, args, stated)

    def blocking(self) -> Blocking:
        return Blocking(self._asking)


class Blocking:
    """For jobs that are plain functions."""

    def __init__(self, asking: RemoteHook) -> None:
        self._asking = asking

    def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return cast("list[EnqueueOutcome]", self._asking.ask("enqueue", (list(messages),)))

    def close(self) -> None:
        """There is nothing to close."""


class Checkpoints:
    """Keeps where the job is with the test's process."""

    def __init__(self, line: ParentLink) -> None:
        self._line = line

    def store(self, body: bytes) -> Future[bool]:
        stored: Future[bool] = Future()
        stored.set_result(self._line.ask(protocol.SaveCheckpoint(body)))
        return stored


if __name__ == "__main__":
    main()
