"""How synchronous callers reach an event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from functools import partial

import pytest

from jobkit.connections.portal import CallerThread, Portal, portal


@pytest.fixture
def own() -> Portal:
    return Portal()


def test_a_coroutine_runs_on_a_loop_in_another_thread(own: Portal) -> None:
    async def where(_: CallerThread) -> tuple[threading.Thread, asyncio.AbstractEventLoop]:
        return threading.current_thread(), asyncio.get_running_loop()

    thread, loop = own.call(where)
    assert thread is not threading.current_thread()
    assert thread.daemon, "so that it ends with the process"
    assert loop is own.loop
    assert own.call(where) == (thread, loop)


def test_a_plain_function_may_run_at_home_in_the_callers_thread(own: Portal) -> None:
    async def ask(home: CallerThread) -> list[threading.Thread]:
        return [await home.run(threading.current_thread) for _ in range(2)]

    assert own.call(ask) == [threading.current_thread()] * 2


def test_each_caller_has_its_own_home(own: Portal) -> None:
    async def ask(home: CallerThread) -> threading.Thread:
        return await home.run(threading.current_thread)

    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(own.call(ask) is threading.current_thread())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), SystemExit(1)])
def test_an_error_at_home_goes_to_whoever_asked(own: Portal, error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def ask(home: CallerThread) -> BaseException | None:
        try:
            await home.run(fail)
        except BaseException as raised:  # noqa: BLE001 - that is the point
            return raised
        return None

    assert own.call(ask) is error


def test_an_error_of_the_coroutine_goes_to_the_caller(own: Portal) -> None:
    async def fail(_: CallerThread) -> None:
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        own.call(fail)
    assert own.call(_one) == 1, "and the portal goes on"


async def _one(_: CallerThread) -> int:
    return 1


def test_what_nobody_waits_for_any_more_is_not_called(own: Portal) -> None:
    called: list[str] = []

    async def ask(home: CallerThread) -> None:
        for name in ("never", "called"):
            asking = asyncio.ensure_future(home.run(partial(called.append, name)))
            if name == "never":
                home._calls.put(gate.wait)  # type: ignore[arg-type]  # the caller is busy until then
                await asyncio.sleep(0)
                asking.cancel()
                await asyncio.wait([asking])
                gate.set()
            else:
                await asking

    gate = threading.Event()
    own.call(ask)
    assert called == ["called"]


def test_a_caller_that_is_interrupted_cancels_what_it_waits_for(own: Portal) -> None:
    cancelled: Future[None] = Future()

    def interrupt() -> None:
        raise KeyboardInterrupt

    async def wait(home: CallerThread) -> None:
        home._calls.put(interrupt)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set_result(None)

    with pytest.raises(KeyboardInterrupt):
        own.call(wait)
    cancelled.result(timeout=10)


def test_a_process_has_one() -> None:
    assert portal() is portal()
