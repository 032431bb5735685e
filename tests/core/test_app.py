"""The app, where declaring, enqueuing and performing meet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import jobkit
from jobkit.backend import Cancelled, Message, NotFound
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import Memory
from jobkit.clock import ManualClock
from jobkit.coders.json import JSON
from jobkit.enqueue.receipt import Status
from jobkit.errors import (
    BackendUnavailable,
    ConfigurationError,
    DeclarationError,
    InvalidMessage,
    LossyArgument,
    RunningLoop,
)
from tests.core.stored_jobs import Shelf


def send(user_id: int, template: str = "welcome") -> None: ...
def resize(path: str) -> None: ...


# Declaring.


def test_a_job_is_declared_with_or_without_options(app: jobkit.App) -> None:
    assert app.job(send).queue == "default"
    assert app.job(queue="mail", priority=3)(resize).queue == "mail"


def test_two_jobs_do_not_share_a_name(app: jobkit.App) -> None:
    app.job(name="shop.send")(send)
    with pytest.raises(DeclarationError, match="two jobs are named 'shop.send': give one of them another name"):
        app.job(name="shop.send")(resize)


def test_nor_when_their_functions_are_called_alike_in_two_modules(app: jobkit.App) -> None:
    def other(user_id: int) -> None: ...

    other.__module__, other.__qualname__ = "elsewhere", "send"
    app.job(name="shop.send")(send)
    with pytest.raises(DeclarationError, match="two jobs are named 'shop.send'"):
        app.job(name="shop.send")(other)


def test_a_module_that_is_loaded_again_declares_the_same_job(app: jobkit.App) -> None:
    first, second = app.job(send), app.job(send)
    assert app.jobs == {first.name: second}


def test_an_annotation_that_the_coder_can_not_serve_is_an_error_when_declared(app: jobkit.App) -> None:
    def lookup(what: timedelta | str) -> None: ...

    with pytest.raises(DeclarationError, match="the json coder can't carry parameter 'what'"):
        app.job(name="shop.lookup")(lookup)
    assert not app.jobs


def test_a_middleware_is_checked_when_declared(app: jobkit.App) -> None:
    nothing: Any = ["log"]
    for declare in (
        lambda: jobkit.App(enqueue=nothing),
        lambda: jobkit.App(perform=nothing),
        lambda: app.queue("mail", enqueue=nothing),
        lambda: app.queue("mail", perform=nothing),
    ):
        with pytest.raises(ConfigurationError, match="a middleware is a function of one argument, not str"):
            declare()


# Enqueuing.


def test_a_job_is_stored_as_stated(app: jobkit.App, shelf: Shelf, clock: ManualClock) -> None:
    job = app.job(name="shop.send", queue="mail", priority=2, key="declared")(send)
    receipt = job.using(delay=60, priority=5, key="k", id="abc", remember=30).enqueue(7)
    assert shelf["abc"].message == Message(
        id="abc",
        queue="mail",
        body=b'{"user_id":7}',
        priority=5,
        after=60_000,
        key="k",
        remember=30_000,
        headers={"job": "shop.send", "v": "1", "coder": "json"},
    )
    assert (receipt.id, receipt.job, receipt.queue, receipt.status) == ("abc", "shop.send", "mail", Status.ACCEPTED)


def test_what_is_not_stated_is_the_jobs_own(app: jobkit.App, shelf: Shelf) -> None:
    message = shelf[app.job(queue="mail", priority=2, key="declared")(send).enqueue(7).id].message
    assert (message.queue, message.priority, message.key, message.at, message.after) == (
        "mail",
        2,
        "declared",
        None,
        None,
    )


def test_ids_do_not_repeat(app: jobkit.App, shelf: Shelf) -> None:
    job = app.job(send)
    assert len({job.enqueue(7).id for _ in range(100)}) == len(shelf) == 100


def test_enqueuing_the_same_id_again_is_known_or_in_conflict(app: jobkit.App) -> None:
    job = app.job(send)
    statuses = [job.using(id="abc").enqueue(user).status for user in (7, 7, 8)]
    assert statuses == [Status.ACCEPTED, Status.DUPLICATE, Status.CONFLICT]


def test_a_key_is_held_by_one_live_job(app: jobkit.App) -> None:
    job = app.job(send).using(key="welcome:7")
    first, second = job.enqueue(7), job.enqueue(7)
    assert (second.status, second.held_by, bool(second)) == (Status.KEY_TAKEN, first.id, False)


def test_many_are_stored_in_one_step_with_receipts_in_order(app: jobkit.App, shelf: Shelf) -> None:
    one, other = app.job(send), app.job(queue="images")(resize)
    receipts = app.enqueue_many([one.call(1), other.call("a.png"), one.using(id="abc").call(2)])
    assert [receipt.id for receipt in receipts] == shelf.ids
    assert [receipt.job for receipt in receipts] == [one.name, other.name, one.name]
    assert receipts[2].id == "abc"


def test_one_that_can_not_be_stored_keeps_all_from_being(app: jobkit.App, shelf: Shelf) -> None:
    job = app.job(send)
    with pytest.raises(LossyArgument):
        app.enqueue_many([job.call(1), job.call(2j)])  # type: ignore[arg-type]
    with pytest.raises(InvalidMessage):
        app.enqueue_many([job.call(1), job.call(2, "x" * (2 << 20))])
    assert len(shelf) == 0


def test_none_at_all_is_fine(app: jobkit.App) -> None:
    assert app.enqueue_many([]) == []


def test_calls_may_come_from_anywhere(app: jobkit.App, shelf: Shelf) -> None:
    job = app.job(send)
    assert len(app.enqueue_many(job.call(number) for number in range(3))) == len(shelf) == 3


def _elsewhere(memory: Memory) -> Callable[..., InlineBackend]:
    return lambda url, namespace, clock: InlineBackend(memory)


def test_over_two_backends_there_is_no_one_step(app: jobkit.App, shelf: Shelf) -> None:
    app.queue("images", backend="redis://user:secret@images.example:6379/2?ssl=1")
    one, other = app.job(send), app.job(queue="images")(resize)
    with pytest.raises(ConfigurationError) as raised:
        app.enqueue_many([one.call(1), other.call("a.png")])
    message = str(raised.value)
    assert message.startswith("one step over several backends there is not (")
    assert "redis://images.example:6379/2 (namespace 'jobkit')" in message
    assert "factory" in message, "which is what the other is called"
    assert "secret" not in message
    assert message.endswith("pass atomic=False")
    with pytest.raises(ConfigurationError, match="one step over several backends there is not"):
        app.aenqueue_many([one.call(1), other.call("a.png")]).close()  # refused before anything is awaited
    assert len(shelf) == 0


def test_unless_no_one_step_is_asked_for(app: jobkit.App, shelf: Shelf) -> None:
    app.queue("images", backend=_elsewhere(Memory()))
    one, other = app.job(send), app.job(queue="images")(resize)
    receipts = app.enqueue_many([one.call(1), other.call("a.png"), one.call(2)], atomic=False)
    assert [receipt.job for receipt in receipts] == [one.name, other.name, one.name]
    assert shelf.ids == [receipts[0].id, receipts[2].id]


async def test_each_style_does_the_same(app: jobkit.App, shelf: Shelf) -> None:
    job = app.job(send)
    (receipt,) = await app.aenqueue_many([job.using(id="abc").call(7)])
    assert (receipt.id, receipt.status, shelf.ids) == ("abc", Status.ACCEPTED, ["abc"])


def test_a_queue_has_its_own_coder(app: jobkit.App, shelf: Shelf) -> None:
    class Reversed(JSON):
        name = "reversed"  # type: ignore[misc]  # another coder, by another name

        def encode(self, value: object) -> bytes:
            return super().encode(value)[::-1]

        def decode(self, body: bytes, type: Any) -> Any:
            return super().decode(body[::-1], type)

    app.queue("odd", coder=Reversed())
    message = shelf[app.job(queue="odd")(send).enqueue(7).id].message
    assert (message.body, message.headers["coder"]) == (b'}7:"di_resu"{', "reversed")
    assert app.coder("reversed", "odd").name == "reversed"


def test_a_fault_of_the_store_leaves_as_it_is(memory: Memory) -> None:
    class Down(InlineBackend):
        def _enqueue(self, messages: Any) -> Any:
            raise BackendUnavailable("no route")

    app = jobkit.App(lambda url, namespace, clock: Down(memory))
    with pytest.raises(BackendUnavailable, match="no route"):
        app.job(send).enqueue(7)


# Cancelling.


async def test_cancelling_takes_a_receipt_or_an_id(app: jobkit.App, shelf: Shelf) -> None:
    job = app.job(send)
    one, other = await job.aenqueue(1), await job.aenqueue(2)
    assert await app.acancel(one) == Cancelled()
    assert await app.acancel(other.id) == Cancelled()
    assert await app.acancel(other) == NotFound()
    assert len(shelf) == 0


def test_and_blocks_for_callers_without_a_loop(app: jobkit.App, shelf: Shelf) -> None:
    receipt = app.job(send).enqueue(1)
    assert app.cancel(receipt) == Cancelled()
    assert len(shelf) == 0


def test_each_backend_of_the_app_is_asked_for_an_id(app: jobkit.App) -> None:
    app.queue("images", backend=_elsewhere(Memory()))
    assert app.cancel(app.job(queue="images")(resize).enqueue("a.png").id) == Cancelled()


async def test_blocking_calls_name_their_twins_in_a_running_loop(app: jobkit.App, shelf: Shelf) -> None:
    job = app.job(send)
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: job.enqueue(7), r"send.enqueue\(\) would block the event loop .*: await aenqueue\(\) instead"),
        (lambda: job.using(delay=1).enqueue(7), r"await aenqueue\(\) instead"),
        (lambda: app.enqueue_many([job.call(7)]), r"enqueue_many\(\) would block .*: await aenqueue_many\(\) instead"),
        (lambda: job.perform(7), r"send.perform\(\) would block .*: await aperform\(\) instead"),
        (lambda: app.cancel("abc"), r"app.cancel\(\) would block .*: await app.acancel\(\) instead"),
    ]
    for call, message in calls:
        with pytest.raises(RunningLoop, match=message):
            call()
    assert len(shelf) == 0


async def test_in_a_thread_beside_a_running_loop_they_block_as_they_should(app: jobkit.App, shelf: Shelf) -> None:
    import asyncio

    receipt = await asyncio.to_thread(app.job(send).enqueue, 7)
    assert shelf.ids == [receipt.id]
