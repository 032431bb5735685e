"""What can be observed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import jobkit
from jobkit import events
from jobkit.backend import Cancelled
from jobkit.enqueue.receipt import Status
from jobkit.execute.outcome import Performed
from tests.core.stored_jobs import Shelf


@pytest.fixture
def send(app: jobkit.App) -> jobkit.Job[[int], str]:
    @app.job(name="shop.send", queue="mail", discard=KeyError)
    def send(user_id: int) -> str:
        if user_id == 13:
            raise KeyError
        return "sent"

    app.queue("mail")
    return send


def test_an_enqueue_is_told_with_its_receipt(
    send: jobkit.Job[[int], str], heard: list[events.AnyEvent], shelf: Shelf
) -> None:
    receipt = send.enqueue(7)
    (event,) = heard
    assert isinstance(event, events.Enqueued)
    assert (event.id, event.job, event.queue) == (receipt.id, "shop.send", "mail")
    assert (event.receipt, event.call) == (receipt, send.call(7))
    assert event.message == shelf[receipt.id].message


async def test_an_awaited_one_is_told_when_made_and_when_stored(
    send: jobkit.Job[[int], str], heard: list[events.AnyEvent]
) -> None:
    coming = send.aenqueue(7)
    waiting = heard[0]
    assert isinstance(waiting, events.EnqueueCreated)
    assert (waiting.enqueuing, waiting.calls) == (coming, [send.call(7)])
    await coming
    assert [type(event) for event in heard] == [events.EnqueueCreated, events.Enqueued]


def test_whatever_the_answer_is(send: jobkit.Job[[int], str], heard: list[events.AnyEvent]) -> None:
    for user in (7, 7, 8):
        send.using(id="abc").enqueue(user)
    assert [event.receipt.status for event in heard if isinstance(event, events.Enqueued)] == [
        Status.ACCEPTED,
        Status.DUPLICATE,
        Status.CONFLICT,
    ]


def test_each_of_many_is_told(app: jobkit.App, send: jobkit.Job[[int], str], heard: list[events.AnyEvent]) -> None:
    receipts = app.enqueue_many([send.call(number) for number in range(3)])
    assert [event.id for event in heard if isinstance(event, events.Enqueued)] == [receipt.id for receipt in receipts]


async def test_performing_here_and_now_is_told_from_beginning_to_end(
    send: jobkit.Job[[int], str], heard: list[events.AnyEvent]
) -> None:
    outcome = await send.aperform(13)
    called, started, ended = heard
    assert isinstance(called, events.PerformedDirectly)
    assert isinstance(started, events.Started)
    assert isinstance(ended, events.Ended)
    assert {event.id for event in (called, started, ended)} == {called.message.id}
    assert (called.call, started.attempt, ended.attempt) == (send.call(13), 1, 1)
    assert ended.outcome is outcome
    assert outcome.state is Performed.DISCARDED


async def test_a_cancel_is_told_with_its_outcome(
    app: jobkit.App, send: jobkit.Job[[int], str], heard: list[events.AnyEvent]
) -> None:
    receipt = await send.aenqueue(7)
    heard.clear()
    await app.acancel(receipt)
    await app.acancel(receipt)
    assert heard == [events.CancelAccepted(id=receipt.id, outcome=Cancelled())], "and nothing of what is unknown"


def test_observers_hear_in_order_until_they_end_that(send: jobkit.Job[[int], str]) -> None:
    log: list[str] = []
    end_one = events.observe(lambda event: log.append("one"))
    end_other = events.observe(lambda event: log.append("other"))
    send.enqueue(1)
    end_one()
    send.enqueue(2)
    end_other()
    send.enqueue(3)
    assert log == ["one", "other", "other"]


def test_an_observer_that_raises_breaks_nothing(
    send: jobkit.Job[[int], str], heard: list[events.AnyEvent], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: events.AnyEvent) -> None:
        raise RuntimeError("observer")

    events.observers.insert(0, broken)
    assert send.enqueue(7)
    assert send.perform(7).value == "sent"
    assert len(heard) == 4, "those after it hear everything"
    assert [record.message.partition(" raised ")[2] for record in caplog.records] == [
        f"an error on the event {type(event).__name__}" for event in heard
    ]
    assert caplog.text.count("RuntimeError: observer") == 4


@pytest.mark.realtime
def test_an_observer_that_raises_breaks_nothing_in_a_plain_program(tmp_path: Path) -> None:
    """Nothing of pytest is there, which replaces hooks of the interpreter."""
    tmp_path.joinpath("shop.py").write_text(PROGRAM)
    ended = subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "0 performed\n1 performed\n2 performed\nended\n"), ended.stderr
    assert ended.stderr.count("raised an error on the event Started") == 3
    assert ended.stderr.count("ZeroDivisionError") >= 3


PROGRAM = """
import asyncio, jobkit
from jobkit import events

app = jobkit.App("inline:")

@app.job
def show(number: int) -> None:
    print(number, "performed")

async def main() -> None:
    events.observe(lambda event: 1 / 0)
    async with jobkit.Worker(app, concurrency=1) as worker:
        for number in range(3):
            await show.aenqueue(number)
        async with asyncio.timeout(20):
            while worker.figures.ended < 3:
                await asyncio.sleep(0)
    print("ended")

asyncio.run(main())
"""


def test_an_enqueue_is_heard_in_the_callers_own_thread(app: jobkit.App) -> None:
    async def needs_a_loop(_: object) -> None: ...

    app.queue("mail", enqueue=[needs_a_loop])

    @app.job(name="shop.send", queue="mail")
    def send() -> None: ...

    threads: list[threading.Thread] = []
    end = events.observe(lambda event: threads.append(threading.current_thread()))
    send.enqueue()
    end()
    assert threads == [threading.current_thread()]


def test_an_event_shows_no_arguments(app: jobkit.App, heard: list[events.AnyEvent]) -> None:
    @app.job(name="shop.send")
    async def send(to: str) -> None: ...

    send.enqueue("secret")
    send.perform("secret")
    asyncio.run(send.aenqueue("secret"))
    assert len(heard) == 6
    assert "secret" not in repr(heard)
