"""A machine that has no descriptor, thread, memory or process for a moment: no job pays for that, and work goes on."""

from __future__ import annotations

import asyncio
import errno
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jobkit
from jobkit.backends.inline import InlineBackend
from jobkit.events import Settled
from jobkit.execute.outcome import Performed
from jobkit.jobs.job import Job
from tests.worker.isolated_shop import Shop
from tests.worker.recorder import Recorder

FAULTS: dict[str, Callable[[], Exception]] = {
    "no descriptor": lambda: OSError(errno.EMFILE, "Too many open files"),
    "no descriptor of the system": lambda: OSError(errno.ENFILE, "Too many open files in system"),
    "no process": lambda: BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
    "no memory": lambda: OSError(errno.ENOMEM, "Cannot allocate memory"),
    "no memory for the interpreter": MemoryError,
    "no thread": lambda: RuntimeError("can't start new thread"),
}
REFUSALS = 4
"""How often something is refused before it works again."""

each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())


class Refusing:
    """Stands in for a function; raises so many times, then calls it."""

    def __init__(self, call: Callable[..., Any], fault: Callable[[], Exception], count: int = REFUSALS) -> None:
        self._call = call
        self._fault = fault
        self.left = count

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.left > 0:
            self.left -= 1
            raise self._fault()
        return self._call(*args, **kwargs)


def refuse_threads(monkeypatch: pytest.MonkeyPatch, name: str, fault: Callable[[], Exception]) -> Refusing:
    """Refuse to start the next threads whose name begins so."""
    start = threading.Thread.start
    refusing = Refusing(start, fault)
    monkeypatch.setattr(
        threading.Thread, "start", lambda thread: (refusing if thread.name.startswith(name) else start)(thread)
    )
    return refusing


def lines(caplog: pytest.LogCaptureFixture, text: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if text in record.getMessage()]


async def performed_once(recorder: Recorder, job: Job[Any, Any], app: jobkit.App) -> None:
    """Enqueue three and wait until they are done: each at its first attempt."""
    await app.aenqueue_many([job.call() for _ in range(3)])
    async with asyncio.timeout(20):
        while len(done := [each for each in recorder.of(Settled) if each.outcome.state != Performed.INTERRUPTED]) < 3:
            await recorder.wait(Settled, len(recorder.of(Settled)) + 1)
    assert [(each.outcome.state, each.attempt) for each in done] == [(Performed.SUCCEEDED, 1)] * 3


@pytest.mark.realtime
@pytest.mark.invariant
@each_fault
async def test_a_refused_thread_costs_a_plain_job_no_attempt(
    app: jobkit.App,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[], Exception],
) -> None:
    calls: list[int] = []

    @app.job(name="plain")
    def plain() -> None:
        calls.append(1)

    refusing = refuse_threads(monkeypatch, "jobkit-job-", fault)
    async with jobkit.Worker(app, concurrency=2):
        await performed_once(recorder, plain, app)
    assert refusing.left == 0
    assert len(calls) == 3
    assert len(lines(caplog, "no threads for plain jobs can be started: ")) == 1
    assert len(lines(caplog, "threads for plain jobs can be started again")) == 1


@pytest.mark.realtime
@pytest.mark.invariant
@each_fault
async def test_a_refused_thread_for_leases_costs_no_job_an_attempt(
    app: jobkit.App,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[], Exception],
) -> None:
    @app.job(name="later")
    async def later() -> None: ...

    refusing = refuse_threads(monkeypatch, "jobkit-leases", fault)
    async with jobkit.Worker(app, concurrency=2):
        await performed_once(recorder, later, app)
    assert refusing.left == 0


@pytest.mark.realtime
@pytest.mark.invariant
@each_fault
async def test_a_refused_process_costs_an_isolated_job_no_attempt(
    shop: Shop,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[], Exception],
) -> None:
    refusing = Refusing(asyncio.create_subprocess_exec, fault)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", refusing)
    async with jobkit.Worker(shop.app, concurrency=2):
        await performed_once(recorder, shop.module.pid, shop.app)
    assert refusing.left == 0
    assert len(shop.notes) == 3
    assert len(lines(caplog, "no processes for isolated jobs can be started: ")) == 1
    assert len(lines(caplog, "processes for isolated jobs can be started again")) == 1


@pytest.mark.realtime
@pytest.mark.invariant
async def test_a_process_that_ends_before_it_has_its_job_costs_no_attempt(
    shop: Shop, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as an interpreter that has no memory for its first modules."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    logged = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "ended before it had the job: exit code 1" in record.getMessage():
                loop.call_soon_threadsafe(logged.set)

    listener = Listener()
    logging.getLogger("jobkit.worker").addHandler(listener)
    try:
        async with jobkit.Worker(shop.app), asyncio.timeout(20):
            await shop.module.pid.aenqueue()
            await logged.wait()
            monkeypatch.undo()
            monkeypatch.setattr(sys, "path", [str(shop.folder), *sys.path])
            await shop.until_noted(1)
            while (settled := recorder.of(Settled)[-1]).outcome.state is Performed.INTERRUPTED:
                await recorder.wait(Settled, len(recorder.of(Settled)) + 1)
    finally:
        logging.getLogger("jobkit.worker").removeHandler(listener)
    assert (settled.outcome.state, settled.attempt) == (Performed.SUCCEEDED, 1)
    assert len(shop.notes) == 1


@pytest.mark.realtime
@pytest.mark.invariant
async def test_a_thread_that_its_process_has_not_costs_an_isolated_job_no_attempt(
    shop: Shop, recorder: Recorder
) -> None:
    async with jobkit.Worker(shop.app, concurrency=1):
        await shop.module.no_threads.aenqueue(3)  # the first is refused after this job, for its background enqueues
        await recorder.wait(Settled)
        await performed_once_more(recorder, shop)
    assert len(shop.notes) == 1


async def performed_once_more(recorder: Recorder, shop: Shop) -> None:
    before = len(recorder.of(Settled))
    await shop.module.pid.aenqueue()
    await shop.until_noted(1)
    async with asyncio.timeout(20):
        while recorder.of(Settled)[-1].outcome.state is Performed.INTERRUPTED or len(recorder.of(Settled)) == before:
            await recorder.wait(Settled, len(recorder.of(Settled)) + 1)
    assert recorder.of(Settled)[-1].attempt == 1
    states = [each.outcome.state for each in recorder.of(Settled)[before:]]
    assert states == [Performed.INTERRUPTED, Performed.INTERRUPTED, Performed.SUCCEEDED]


@pytest.mark.realtime
@pytest.mark.invariant
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("kind", ["async", "plain", "isolated"])
def test_a_worker_without_descriptors_performs_each_job_once_it_has_some(kind: str, loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("exhausted_app.py")), kind, loop],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.splitlines() == ["succeeded 1"] * 3, ran.stderr


@pytest.mark.realtime
@pytest.mark.invariant
async def test_arguments_that_can_t_be_decoded_for_want_of_memory_cost_no_attempt(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobkit.execute import perform

    @app.job(name="later")
    async def later() -> None: ...

    refusing = Refusing(perform.decode_delivery, FAULTS["no memory for the interpreter"], 2)
    monkeypatch.setattr(perform, "decode_delivery", refusing)
    async with jobkit.Worker(app, concurrency=2):
        await performed_once(recorder, later, app)
    assert refusing.left == 0


@pytest.mark.realtime
@pytest.mark.invariant
async def test_a_settle_that_the_machine_refuses_is_tried_again(
    app: jobkit.App, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a new connection needs a thread to resolve a name: the job ended, and is not performed again."""

    @app.job(name="later")
    async def later() -> None: ...

    settle = InlineBackend.settle
    refusing = Refusing(settle, FAULTS["no thread"], 2)

    async def refused(self: InlineBackend, *args: Any, **kwargs: Any) -> Any:
        return await refusing(self, *args, **kwargs)

    monkeypatch.setattr(InlineBackend, "settle", refused)
    async with jobkit.Worker(app, concurrency=2):
        await performed_once(recorder, later, app)
    assert refusing.left == 0
    assert len(recorder.of(Settled)) == 3


@pytest.mark.realtime
@pytest.mark.invariant
@pytest.mark.parametrize("begun", [False, True], ids=["from the start", "while it works"])
@pytest.mark.parametrize("short_of", ["threads", "processes", "both"])
async def test_jobs_of_each_kind_are_performed_once_whatever_is_short(
    shop: Shop,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    short_of: str,
    begun: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A shortage lasts until the worker has told of it; asynchronous jobs go on meanwhile."""
    kinds = [shop.module.noted_async, shop.module.noted_plain, shop.module.noted_isolated]

    async def succeeded(count: int) -> None:
        async with asyncio.timeout(30):
            while len([each for each in recorder.of(Settled) if each.outcome.state is Performed.SUCCEEDED]) < count:
                await recorder.wait(Settled, len(recorder.of(Settled)) + 1)

    async with jobkit.Worker(shop.app, concurrency=4):
        if begun:
            await shop.app.aenqueue_many([kind.call(f"{kind.name} before") for kind in kinds])
            await succeeded(3)
        refusing: list[Refusing] = []
        if short_of != "processes":
            start = Refusing(threading.Thread.start, FAULTS["no thread"], sys.maxsize)
            monkeypatch.setattr(threading.Thread, "start", lambda thread: start(thread))  # noqa: PLW0108 - bound as a method
            refusing.append(start)
        if short_of != "threads":
            create = Refusing(asyncio.create_subprocess_exec, FAULTS["no process"], sys.maxsize)
            monkeypatch.setattr(asyncio, "create_subprocess_exec", create)
            refusing.append(create)
        calls = [kind.call(f"{kind.name} {number}") for number in range(6) for kind in kinds]
        await shop.app.aenqueue_many(calls)
        async with asyncio.timeout(20):
            while not lines(caplog, "can be started: ") and len(shop.notes) < len(calls):
                await asyncio.sleep(0.01)  # until it is refused, or all is done by those that are there
        for each in refusing:
            each.left = 0
        await succeeded(len(calls) + (3 if begun else 0))
    assert {each.attempt for each in recorder.of(Settled)} == {1}
    assert len(shop.notes) == len(set(shop.notes)) == len(calls) + (3 if begun else 0)
    assert {each.outcome.state for each in recorder.of(Settled)} <= {Performed.SUCCEEDED, Performed.INTERRUPTED}
