"""One client a loop, one for callers without; a forked child has its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import jobkit
from jobkit.backend import NotFound, SupportsBlocking
from jobkit.backends.inline.backend import Memory
from jobkit.connections.clients import Clients, PortalClient, opened
from jobkit.connections.portal import portal
from jobkit.connections.resolver import BackendSource
from jobkit.errors import Closed, Unsupported
from tests.core.stored_jobs import Shelf
from tests.core.third_party import Factory, ThirdParty


@pytest.fixture
def factory(memory: Memory) -> Factory:
    return Factory(memory)


@pytest.fixture
def clients(factory: Factory) -> Clients:
    return Clients(BackendSource(factory, None, "jobkit"))


# With a loop.


async def test_nothing_is_opened_before_its_first_use(clients: Clients, factory: Factory) -> None:
    assert factory.made == []
    clients.for_running_loop()
    assert len(factory.made) == 1


async def test_a_loop_has_one_client(clients: Clients) -> None:
    assert clients.for_running_loop() is clients.for_running_loop()


def test_each_loop_has_its_own_and_closes_it_at_its_end(clients: Clients, factory: Factory) -> None:
    async def use() -> asyncio.AbstractEventLoop:
        clients.for_running_loop()
        return asyncio.get_running_loop()

    loops = [asyncio.run(use()) for _ in range(2)]
    assert [made.closed_on for made in factory.made] == loops


def test_a_loop_that_was_torn_down_badly_is_forgotten(clients: Clients, factory: Factory) -> None:
    async def use() -> None:
        clients.for_running_loop()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(use())
    loop.close()
    asyncio.run(use())
    assert [made.closed_on is not None for made in factory.made] == [False, True]
    assert clients._by_loop == {}


async def test_closing_closes_the_running_loops_own(clients: Clients, factory: Factory) -> None:
    first = clients.for_running_loop()
    await clients.aclose()
    await clients.aclose()
    assert factory.made[0].closed_on is asyncio.get_running_loop()
    assert clients.for_running_loop() is not first


async def test_an_app_closes_what_it_opened(factory: Factory) -> None:
    app = jobkit.App(factory)
    app.job(name="shop.send")(lambda: None)
    await app.aenqueue_many([app.jobs["shop.send"].call()])
    await app.aclose()
    assert [made.closed_on for made in factory.made] == [asyncio.get_running_loop()]


def test_loops_in_several_threads_do_not_meet(clients: Clients, factory: Factory) -> None:
    async def use() -> None:
        clients.for_running_loop()

    threads = [threading.Thread(target=lambda: asyncio.run(use())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({made.closed_on for made in factory.made}) == len(factory.made) == 8


# Without a loop.


def test_a_backend_without_a_blocking_face_is_called_through_the_portal(
    clients: Clients, factory: Factory, shelf: Shelf
) -> None:
    app = jobkit.App(factory)
    send = app.job(name="shop.send")(lambda: None)
    receipts = [send.enqueue(), send.enqueue()]
    (made,) = [made for made in factory.made if made.loops]
    assert not isinstance(made, SupportsBlocking)
    assert made.loops == {portal().loop}
    assert shelf.ids == [receipt.id for receipt in receipts]
    app.close()
    assert made.closed_on is portal().loop


def test_one_that_offers_a_blocking_face_is_called_as_it_is(app: jobkit.App) -> None:
    assert not isinstance(app.clients("default").blocking(), PortalClient)


def test_once_closed_it_is_opened_again_when_needed(app: jobkit.App) -> None:
    send = app.job(name="shop.send")(lambda: None)
    send.enqueue()
    closed = app.clients("default").blocking()
    app.close()
    with pytest.raises(Closed):
        closed.enqueue([])
    assert send.enqueue()


# For good.


@pytest.fixture
def running() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def idle() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that does not run just now."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_ending_closes_every_client_on_its_own_loop(
    clients: Clients, factory: Factory, running: asyncio.AbstractEventLoop, idle: asyncio.AbstractEventLoop
) -> None:
    async def use() -> None:
        clients.for_running_loop()

    asyncio.run_coroutine_threadsafe(use(), running).result()
    idle.run_until_complete(use())
    clients.blocking().enqueue([])
    clients.close_all()
    assert {made.closed_on for made in factory.made} >= {running, idle, portal().loop}
    assert clients.closed


def test_all_that_is_open_of_a_source_can_be_found(clients: Clients) -> None:
    assert opened(clients.source) == [clients]


# Third parties.


async def test_optional_verbs_refuse_by_name(memory: Memory) -> None:
    backend = ThirdParty(memory)
    for capability, call in {
        "cancel": backend.cancel(["a"]),
        "dead_letters": backend.requeue(["a"]),
        "inspect": backend.get(["a"]),
        "pause": backend.pause("mail"),
        "cells": backend.cell_get("a"),
    }.items():
        with pytest.raises(Unsupported, match="^ThirdParty ") as raised:
            await call
        assert raised.value.capability == capability


def test_cancelling_is_unsupported_where_the_backend_says_so(factory: Factory) -> None:
    app = jobkit.App(factory)
    with pytest.raises(Unsupported, match="ThirdParty can't cancel jobs"):
        app.cancel("abc")


async def test_what_one_backend_does_not_know_another_may(app: jobkit.App) -> None:
    assert await app.acancel("abc") == NotFound()


# Forks.

FORK = """
import asyncio, os, sys
import jobkit

app = jobkit.App("inline:")
app.queue("mail", backend="tests.core.third_party:in_new_memory")
clients = app.clients({queue!r})
parents = asyncio.new_event_loop()

async def opened():
    clients.for_running_loop()
    return len(clients._by_loop)

before = clients.blocking()
assert parents.run_until_complete(opened()) >= 1
child = os.fork()
if child == 0:
    os._exit(0 if asyncio.run(opened()) == 1 and clients.blocking() is not before else 1)
_, status = os.waitpid(child, 0)
assert clients.blocking() is before, "the parent's is as it was"
parents.run_until_complete(parents.shutdown_asyncgens())
parents.close()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.realtime
@pytest.mark.parametrize("queue", ["default", "mail"])
def test_a_forked_child_opens_its_own(queue: str) -> None:
    script = FORK.format(queue=queue)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


COUNT = """
import multiprocessing, os
import jobkit
from jobkit.backends.inline.backend import memory

app = jobkit.App("inline:shop")
app.queue("mail", backend="inline:shop")

def stored():
    return len(memory("shop", "jobkit").store._jobs)

def child(answers):
    answers.put(stored())

if __name__ == "__main__":
    from jobkit.backends.inline import InlineBackend
    from jobkit.backend import Message
    InlineBackend(memory("shop", "jobkit")).blocking().enqueue([Message("a", "mail", b"")])
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=child, args=(answers,))
    process.start()
    print(stored(), answers.get(timeout=30))
    process.join()
"""


@pytest.mark.invariant
@pytest.mark.realtime
def test_jobs_in_memory_are_not_performed_twice_by_a_child() -> None:
    ended = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, timeout=60)
    assert (ended.stdout.split(), ended.stderr) == (["1", "0"], "")
