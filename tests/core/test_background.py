"""Calls that are stored in the background."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

import jobkit
from jobkit import events
from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import Memory
from jobkit.clock import Clock, ManualClock
from jobkit.connections import resolver
from jobkit.connections.resolver import BackendSource
from jobkit.enqueue import background
from jobkit.errors import BackendUnavailable, BackgroundQueueFull, InvalidMessage, SignatureMismatch, Unsupported
from tests.core.stored_jobs import Shelf

Send = jobkit.Job[[int], None]


class Door(InlineBackend):
    """A backend in memory behind a door: while it is shut, nothing is answered; while it is away, nothing is stored."""

    open = threading.Event()
    away = threading.Event()
    asked = threading.Event()
    batches: list[list[str]]

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        self.asked.set()
        while not self.open.is_set():
            await asyncio.to_thread(self.open.wait)
        if self.away.is_set():
            raise BackendUnavailable("the store is away")
        outcomes = await super().enqueue(messages)
        self.batches.append([each.id for each in messages])
        return outcomes


@pytest.fixture
def door(memory: Memory, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Door]]:
    class Own(Door):
        open = threading.Event()
        away = threading.Event()
        asked = threading.Event()
        batches: list[list[str]] = []  # noqa: RUF012 - of this test

        def __init__(self) -> None:
            super().__init__(memory, clock)

    monkeypatch.setattr(background, "PAUSES", (0.001,))
    Own.open.set()
    yield Own
    Own.away.clear()
    Own.open.set()


@pytest.fixture
def app(door: Callable[[], Door]) -> Iterator[jobkit.App]:
    app = jobkit.App(lambda url, namespace, clock: door(), background_limit=5)
    yield app
    app.close()


@pytest.fixture
def send(app: jobkit.App) -> Send:
    @app.job(name="shop.send")
    def send(user_id: int) -> None: ...

    return send


def call(send: Send, number: int) -> Any:
    return send.using(id=f"job-{number}").call(number)


def test_what_was_posted_is_stored_by_the_time_the_app_has_closed(app: jobkit.App, send: Send, shelf: Shelf) -> None:
    assert app.enqueue_in_background(call(send, 1), call(send, 2)) is None  # type: ignore[func-returns-value]
    app.enqueue_in_background(call(send, 3))
    app.close()
    assert shelf.ids == ["job-1", "job-2", "job-3"]


async def test_the_same_from_a_running_loop(app: jobkit.App, send: Send, shelf: Shelf) -> None:
    app.enqueue_in_background(call(send, 1))
    await app.aclose()
    assert shelf.ids == ["job-1"]


def test_whoever_posts_waits_for_nothing_and_what_waits_leaves_together(
    app: jobkit.App, send: Send, door: type[Door]
) -> None:
    door.open.clear()
    for number in range(4):
        app.enqueue_in_background(call(send, number))
    assert door.asked.wait(10)
    assert door.batches == []
    door.open.set()
    app.close()
    assert [id for batch in door.batches for id in batch] == [f"job-{number}" for number in range(4)]
    assert len(door.batches) < 4


def test_threads_may_post_and_each_keeps_its_order(app: jobkit.App, send: Send, shelf: Shelf) -> None:
    def post(first: int) -> None:
        for number in (first, first + 1):
            app.enqueue_in_background(call(send, number))

    threads = [threading.Thread(target=post, args=(first,)) for first in (10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.close()
    assert sorted(shelf.ids) == ["job-10", "job-11", "job-20", "job-21"]
    assert shelf.ids.index("job-10") < shelf.ids.index("job-11")
    assert shelf.ids.index("job-20") < shelf.ids.index("job-21")


def test_as_many_as_may_wait_and_not_one_more(app: jobkit.App, send: Send, door: type[Door], shelf: Shelf) -> None:
    door.open.clear()
    for number in range(4):
        app.enqueue_in_background(call(send, number))
    with pytest.raises(BackgroundQueueFull, match="4 posted jobs wait to be stored, and 5 may: "):
        app.enqueue_in_background(call(send, 4), call(send, 5))  # all or none
    app.enqueue_in_background(call(send, 6))
    with pytest.raises(BackgroundQueueFull, match=r"enqueue\(\) waits for it"):
        app.enqueue_in_background(call(send, 7))
    door.open.set()
    app.close()
    assert shelf.ids == ["job-0", "job-1", "job-2", "job-3", "job-6"]


@pytest.mark.invariant
@pytest.mark.realtime
def test_while_the_backend_is_away_nothing_is_lost_and_it_is_said_once(
    app: jobkit.App, send: Send, door: type[Door], shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "jobkit.enqueue")
    door.away.set()
    app.enqueue_in_background(call(send, 1), call(send, 2))
    with pytest.raises(BackendUnavailable, match="2 posted jobs could not be stored within 0.05 s"):
        app.sender.flush(0.05)
    door.away.clear()
    app.close()
    assert shelf.ids == ["job-1", "job-2"]
    said = [record.getMessage() for record in caplog.records]
    assert said == ["2 posted jobs wait: the store is away", "posted jobs are stored again"]


def test_what_is_wrong_with_a_call_is_raised_where_it_is_posted(app: jobkit.App, send: Send, shelf: Shelf) -> None:
    with pytest.raises(SignatureMismatch):
        app.enqueue_in_background(send.call("too", "many"))  # type: ignore[call-arg, arg-type]

    @app.job(name="shop.big")
    def big(text: str) -> None: ...

    with pytest.raises(InvalidMessage, match="the body has at most"):
        app.enqueue_in_background(big.call("x" * (2 << 20)))
    app.close()
    assert shelf.ids == []


def test_a_middleware_runs_in_the_context_of_whoever_posts(memory: Memory, clock: ManualClock, shelf: Shelf) -> None:
    tenant = contextvars.ContextVar[str]("tenant")

    async def stamp(outgoing: Any) -> None:
        outgoing.metadata["tenant"] = tenant.get()

    app = jobkit.App(lambda *_: InlineBackend(memory, clock), enqueue=[stamp])

    @app.job(name="shop.send")
    def send(user_id: int) -> None: ...

    for name in ("ada", "bob"):
        tenant.set(name)
        app.enqueue_in_background(send.using(id=name).call(1))
    app.close()
    assert [shelf[id].message.headers["tenant"] for id in ("ada", "bob")] == ["ada", "bob"]


def test_one_that_the_backend_will_not_have_does_not_keep_the_others(
    memory: Memory, clock: ManualClock, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    class Picky(InlineBackend):
        gate = threading.Event()

        async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
            await asyncio.to_thread(self.gate.wait)
            if any(each.id == "job-2" for each in messages):
                raise Unsupported("taste", "not this one")
            return await super().enqueue(messages)

    app = jobkit.App(lambda *_: Picky(memory, clock))

    @app.job(name="shop.send")
    def send(user_id: int) -> None: ...

    for number in range(4):
        app.enqueue_in_background(call(send, number))
    Picky.gate.set()
    app.close()
    assert shelf.ids == ["job-0", "job-1", "job-3"]
    assert "a posted job was not stored, and is given up: shop.send (job-2)" in caplog.text


def test_what_was_not_accepted_is_said(
    app: jobkit.App, send: Send, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "jobkit.enqueue")
    app.enqueue_in_background(call(send, 1), send.using(id="job-1").call(2), call(send, 1))
    app.close()
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert said == [
        ("WARNING", "a posted job was not stored: shop.send (job-1) is conflict"),
        ("INFO", "a posted job was not stored: shop.send (job-1) is duplicate"),
    ]


def test_observers_hear_of_it_once_it_is_stored(
    app: jobkit.App, send: Send, door: type[Door], heard: list[events.AnyEvent]
) -> None:
    door.open.clear()
    app.enqueue_in_background(call(send, 1))
    assert not heard
    door.open.set()
    app.close()
    assert [(type(event), event.id) for event in heard if isinstance(event, events.Event)] == [
        (events.Enqueued, "job-1")
    ]


def test_in_a_test_it_is_there_at_once(app: jobkit.App, send: Send, memory: Memory, shelf: Shelf) -> None:
    def elsewhere(url: str | None, namespace: str, clock: Clock | None) -> InlineBackend:
        return InlineBackend(memory, ManualClock())

    leave = resolver.override_backends(lambda spec, namespace: BackendSource(elsewhere, None, "test"))
    try:
        app.enqueue_in_background(call(send, 1))
        assert shelf.ids == ["job-1"]
    finally:
        leave()


PROGRAM = """
import jobkit
app = jobkit.App({url!r})

@app.job(name="shop.send")
def send(user_id: int) -> None: ...

for number in range(50):
    app.enqueue_in_background(send.call(number))
"""


@pytest.mark.realtime
def test_a_program_that_just_ends_has_stored_it(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    ended = subprocess.run([sys.executable, "-c", PROGRAM.format(url=url)], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")

    async def count() -> int:
        backend = BackendSource(resolver.find(url, "jobkit").factory, url, "jobkit").open()
        try:
            return (await backend.counts("default")).ready
        finally:
            await backend.close()

    assert asyncio.run(count()) == 50
