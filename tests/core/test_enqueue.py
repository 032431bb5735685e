"""Hand calls over: through the middlewares, to the backend, back with receipts."""

from __future__ import annotations

import asyncio
import sys
import threading
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Sequence
from typing import Any

import pytest

import jobkit
from jobkit.backend import Message
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import Memory
from jobkit.clock import ManualClock
from jobkit.connections import resolver
from jobkit.connections.resolver import BackendSource
from jobkit.enqueue.context import EnqueueContext
from jobkit.enqueue.receipt import Receipt, Status
from jobkit.errors import BackendUnavailable, Refuse
from jobkit.jobs.middleware import Middleware
from tests.core.stored_jobs import Shelf

Send = jobkit.Job[[int], None]


def declare(app: jobkit.App, *middlewares: Middleware) -> Send:
    app.queue("mail", enqueue=middlewares)

    @app.job(name="shop.send", queue="mail")
    def send(user_id: int) -> None: ...

    return send


@pytest.fixture
def send(app: jobkit.App) -> Send:
    return declare(app)


# Other loops.


class NotFound(Exception):
    """As sniffio has it."""


@pytest.mark.parametrize("library", ["trio", "asyncio", None])
def test_under_another_loop_than_asyncios_a_blocking_call_is_refused(
    send: Send, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, library: str | None
) -> None:
    def current() -> str:
        if library is None:
            raise NotFound
        return library

    found = types.ModuleType("sniffio")
    vars(found).update(current_async_library=current, AsyncLibraryNotFoundError=NotFound)
    monkeypatch.setitem(sys.modules, "sniffio", found)
    if library == "trio":
        with pytest.raises(jobkit.RunningLoop, match=r"send.enqueue\(\) under trio: jobkit runs on asyncio"):
            send.enqueue(7)
    else:
        send.enqueue(7)
    assert len(shelf) == (0 if library == "trio" else 1)


# Middlewares.


class Recording:
    """Middlewares, and what they saw."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.threads: set[threading.Thread] = set()

    def around(self, name: str) -> Middleware:
        def around(outgoing: EnqueueContext) -> Generator[None, Receipt, None]:
            self.log.append(f"{name} in {outgoing.arguments['user_id']}")
            self.threads.add(threading.current_thread())
            try:
                receipt = yield
            except Exception as error:
                self.log.append(f"{name} {type(error).__name__}")
                raise
            self.log.append(f"{name} out {receipt.status}")

        return around

    def aaround(self, name: str) -> Middleware:
        async def aaround(outgoing: EnqueueContext) -> AsyncGenerator[None, Receipt]:
            self.log.append(f"{name} in {outgoing.arguments['user_id']}")
            try:
                receipt = yield
            except Exception as error:
                self.log.append(f"{name} {type(error).__name__}")
                raise
            self.log.append(f"{name} out {receipt.status}")

        return aaround


@pytest.fixture
def recording() -> Recording:
    return Recording()


Enqueue = Callable[[Send], Receipt]


def blocking(send: Send) -> Receipt:
    return send.enqueue(7)


def awaited(send: Send) -> Receipt:
    return asyncio.run(send.aenqueue(7))


both = pytest.mark.parametrize("enqueue", [blocking, awaited])


@both
def test_the_apps_are_around_the_queues(memory: Memory, recording: Recording, enqueue: Enqueue) -> None:
    app = jobkit.App(lambda *_: InlineBackend(memory), enqueue=[recording.around("app")])
    enqueue(declare(app, recording.around("mail")))
    assert recording.log == ["app in 7", "mail in 7", "mail out accepted", "app out accepted"]


@both
def test_asynchronous_ones_work_in_both_styles(app: jobkit.App, recording: Recording, enqueue: Enqueue) -> None:
    enqueue(declare(app, recording.around("a"), recording.aaround("b")))
    assert recording.log == ["a in 7", "b in 7", "b out accepted", "a out accepted"]


def test_plain_ones_run_in_the_callers_thread(app: jobkit.App, recording: Recording) -> None:
    blocking(declare(app, recording.around("a")))
    assert recording.threads == {threading.current_thread()}


def closed(_: EnqueueContext) -> None:
    raise Refuse("closed on Sundays")


async def aclosed(_: EnqueueContext) -> None:
    raise Refuse("closed on Sundays")


@both
@pytest.mark.parametrize("middleware", [closed, aclosed])
def test_a_refusal_is_a_receipt_with_its_reason(
    app: jobkit.App, shelf: Shelf, recording: Recording, enqueue: Enqueue, middleware: Middleware
) -> None:
    receipt = enqueue(declare(app, recording.around("a"), middleware, recording.around("b")))
    assert (receipt.status, receipt.reason, bool(receipt)) == (Status.REFUSED, "closed on Sundays", False)
    assert recording.log == ["a in 7", "a Refuse"]
    assert len(shelf) == 0


def odd_only(outgoing: EnqueueContext) -> None:
    if outgoing.arguments["user_id"] == 2:
        raise Refuse("even")


@pytest.mark.parametrize("style", ["blocking", "awaited"])
def test_one_of_many_may_be_refused(app: jobkit.App, shelf: Shelf, style: str) -> None:
    send = declare(app, odd_only)
    calls = [send.call(number) for number in (1, 2, 3)]
    receipts = app.enqueue_many(calls) if style == "blocking" else asyncio.run(app.aenqueue_many(calls))
    assert [receipt.status for receipt in receipts] == [Status.ACCEPTED, Status.REFUSED, Status.ACCEPTED]
    assert shelf.ids == [receipts[0].id, receipts[2].id]


@both
def test_when_all_are_refused_no_backend_is_asked(memory: Memory, enqueue: Enqueue) -> None:
    app = jobkit.App(lambda *_: Down(memory))
    assert enqueue(declare(app, closed)).status is Status.REFUSED


class Down(InlineBackend):
    def _enqueue(self, messages: Any) -> Any:
        raise BackendUnavailable("no route")


@both
def test_a_fault_travels_out_through_each_yield(memory: Memory, recording: Recording, enqueue: Enqueue) -> None:
    app = jobkit.App(lambda *_: Down(memory))
    with pytest.raises(BackendUnavailable):
        enqueue(declare(app, recording.around("a"), recording.around("b")))
    assert recording.log == ["a in 7", "b in 7", "b BackendUnavailable", "a BackendUnavailable"]


@both
def test_an_error_of_a_middleware_keeps_the_whole_batch_from_being_stored(
    app: jobkit.App, shelf: Shelf, recording: Recording, enqueue: Enqueue
) -> None:
    def broken(_: EnqueueContext) -> None:
        raise OSError("no database")

    with pytest.raises(OSError, match="no database"):
        enqueue(declare(app, recording.around("a"), broken))
    assert recording.log == ["a in 7", "a OSError"]
    assert len(shelf) == 0


@pytest.mark.parametrize("style", ["blocking", "awaited"])
def test_each_job_of_a_batch_is_led_out_whatever_the_others_do(
    app: jobkit.App, shelf: Shelf, recording: Recording, style: str
) -> None:
    def fails_for_two(outgoing: EnqueueContext) -> Generator[None]:
        yield
        if outgoing.arguments["user_id"] == 2:
            raise OSError("too late")

    send = declare(app, recording.around("a"), fails_for_two)
    calls = [send.call(number) for number in (1, 2, 3)]
    with pytest.raises(OSError, match="too late"):
        _ = app.enqueue_many(calls) if style == "blocking" else asyncio.run(app.aenqueue_many(calls))
    assert sorted(recording.log[3:]) == ["a OSError", "a out accepted", "a out accepted"]
    assert len(shelf) == 3, "it was stored before"


@both
def test_what_one_adds_travels_along(app: jobkit.App, shelf: Shelf, enqueue: Enqueue) -> None:
    def stamp(outgoing: EnqueueContext) -> None:
        outgoing.metadata["tenant"] = "acme"

    message: Message = shelf[enqueue(declare(app, stamp)).id].message
    assert message.headers["tenant"] == "acme"


# Who stands by.


class StandingBy:
    """Notes what it is told, and may raise."""

    def __init__(self, shelf: Shelf, *, down: bool = False) -> None:
        self.log: list[str] = []
        self._shelf = shelf
        self._down = down

    def before(self, messages: Sequence[Message]) -> None:
        self.log.append(f"before, {len(self._shelf)} stored")
        if self._down:
            raise BackendUnavailable("as the test wants it")

    def after(self, ids: Sequence[str]) -> Awaitable[None] | None:
        self.log.append(f"after {len(ids)}, {len(self._shelf)} stored")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return None
        return self._later()

    async def _later(self) -> None:
        self.log.append("awaited")


@pytest.fixture
def attended(app: jobkit.App, memory: Memory, clock: ManualClock) -> Iterator[Callable[[StandingBy], Send]]:
    """A job of an app whose enqueues somebody stands by at."""
    ends: list[Callable[[], None]] = []

    def attend(standing_by: StandingBy) -> Send:
        source = BackendSource(lambda *_: InlineBackend(memory, clock), None, "jobkit", attendant=standing_by)
        ends.append(resolver.override_backends(lambda spec, namespace: source))
        return declare(app, odd_only)

    yield attend
    for end in ends:
        end()


@both
def test_who_stands_by_is_told_before_and_after(
    attended: Callable[[StandingBy], Send], shelf: Shelf, enqueue: Enqueue
) -> None:
    standing_by = StandingBy(shelf)
    enqueue(attended(standing_by))
    awaits = ["awaited"] if enqueue is awaited else []
    assert standing_by.log == ["before, 0 stored", "after 1, 1 stored", *awaits]


def test_of_what_was_accepted_only(attended: Callable[[StandingBy], Send], shelf: Shelf) -> None:
    standing_by = StandingBy(shelf)
    send = attended(standing_by)
    send.enqueue(2)
    assert standing_by.log == ["after 0, 0 stored"], "and no backend was asked"


@both
def test_what_is_raised_before_leaves_with_nothing_stored(
    attended: Callable[[StandingBy], Send], shelf: Shelf, enqueue: Enqueue
) -> None:
    send = attended(StandingBy(shelf, down=True))
    with pytest.raises(BackendUnavailable, match="as the test wants it"):
        enqueue(send)
    assert len(shelf) == 0
