"""Jobs in processes of their own: leases go on while one holds the interpreter, and what does not end is killed."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from typing import Any

import pytest

import jobkit
from jobkit.errors import DeclarationError, FailedElsewhere, ProcessLost, TimeLimit
from jobkit.events import Ended, Settled, Started
from jobkit.execute.outcome import Performed
from jobkit.worker.json_logging import JSONFormatter
from tests.realtime import LEASE
from tests.worker.isolated_shop import Shop, end_of, lives
from tests.worker.recorder import Recorder

pytestmark = pytest.mark.realtime


class Own(logging.Formatter):
    """One that another process does not know."""


async def test_they_run_elsewhere_and_their_process_is_used_again(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app, concurrency=1):
        await shop.app.aenqueue_many([shop.module.pid.call(), shop.module.later.call(), shop.module.pid.call()])
        await recorder.wait(Settled, 3)
    assert {ended.outcome.state for ended in recorder.of(Ended)} == {Performed.SUCCEEDED}
    assert len(shop.notes) == 3
    assert len(set(shop.notes)) == 1
    assert str(os.getpid()) not in shop.notes
    assert not lives(int(shop.notes[0]))


async def test_no_more_of_them_than_there_may_be(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app, concurrency=10, children=2):
        await shop.app.aenqueue_many([shop.module.hold.using(id=str(each)).call(0.3) for each in range(4)])
        await recorder.wait(Settled, 4)
    running = most = 0
    for note in shop.notes:
        running += 1 if note.startswith("begins") else -1
        most = max(most, running)
    assert most <= 2


async def test_a_lease_follows_one_that_holds_the_interpreter(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app, lease=LEASE), jobkit.Worker(shop.app, lease=LEASE):
        await shop.module.hold.aenqueue(2.2 * LEASE)
        await recorder.wait(Settled)
    assert shop.notes == ["begins 1", "ends"]
    assert len(recorder.of(Started)) == 1


async def test_at_its_limit_it_is_killed(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.hang.aenqueue()
        (settled,) = await recorder.wait(Settled)
    assert (settled.outcome.state, settled.outcome.retry_in) == (Performed.RETRYING, 60)
    assert isinstance(settled.outcome.error, TimeLimit)
    assert not lives(int(shop.notes[0]))


@pytest.mark.parametrize(
    ("kind", "state", "retry_in"),
    [("retry", Performed.RETRYING, 7), ("discard", Performed.DISCARDED, None), ("dead", Performed.DEAD, None)],
)
async def test_its_rules_are_judged_where_its_error_is(
    shop: Shop, recorder: Recorder, kind: str, state: Performed, retry_in: float | None
) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.fail.aenqueue(kind)
        (settled,) = await recorder.wait(Settled)
    assert (settled.outcome.state, settled.outcome.retry_in) == (state, retry_in)
    assert isinstance(settled.outcome.error, FailedElsewhere)
    assert str(settled.outcome.error).endswith("no card")
    assert "in fail" in (settled.outcome.reason or "") or state is not Performed.DEAD


@pytest.mark.parametrize(
    ("formatter", "line"),
    [
        (JSONFormatter(), r'{"time":.*"level":"error","logger":"shop","message":"no card of 7".*"job":"say","id":"1"'),
        (logging.Formatter("%(levelname)s! %(message)s"), r"^ERROR! no card of 7$"),
        (Own(), r"^ERROR:shop:no card of 7$"),
    ],
    ids=["json", "text", "the app's own"],
)
async def test_it_logs_as_its_worker_does(
    shop: Shop,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    formatter: logging.Formatter,
    line: str,
) -> None:
    handler = logging.NullHandler()
    handler.setFormatter(formatter)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    async with jobkit.Worker(shop.app):
        await shop.module.say.using(id="1").aenqueue()
        await recorder.wait(Settled)
    assert re.search(line, capfd.readouterr().err, re.MULTILINE)


async def test_a_process_that_crashes_is_as_a_worker_that_is_lost(
    shop: Shop, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "jobkit.worker"):
        async with jobkit.Worker(shop.app):
            await shop.module.crash.aenqueue()
            (settled,) = await recorder.wait(Settled)
            await shop.module.pid.aenqueue()
            await recorder.wait(Settled, 2)
    assert settled.outcome.state is Performed.RETRYING
    assert isinstance(settled.outcome.error, ProcessLost)
    assert "its process ended before it did: killed by SIGKILL; again in" in caplog.text


async def test_a_worker_that_stops_interrupts_it_at_a_checkpoint(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app, grace=30):
        await shop.module.count.aenqueue()
        await shop.until("page 1 of attempt 1")
    assert recorder.of(Ended)[0].outcome.state is Performed.INTERRUPTED
    async with jobkit.Worker(shop.app, grace=30):
        await shop.until("page 3 of attempt 1")
    assert "page 0 of attempt 1" in shop.notes
    assert shop.notes.count("page 0 of attempt 1") == 1


async def test_one_that_does_not_end_within_the_grace_is_given_back(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app, grace=0.1):
        await shop.module.hang.aenqueue()
        await recorder.wait(Started)
        await shop.until_noted(1)
    (ended,) = recorder.of(Ended)
    assert ended.outcome.state is Performed.INTERRUPTED
    assert not lives(int(shop.notes[0]))  # nor left for the loop to find, which may have ended by then


async def test_a_stop_that_is_cancelled_leaves_no_process(shop: Shop, recorder: Recorder) -> None:
    """Neither one with a job nor one that waits for the next."""
    worker = jobkit.Worker(shop.app, concurrency=2, grace=60)
    await worker.start()
    children = worker._feeds[0]._jobs._children
    await shop.app.aenqueue_many([shop.module.hang.call(), shop.module.pid.call()])
    await recorder.wait(Settled)
    await shop.until_noted(2)
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    async with asyncio.timeout(20):
        for pid in map(int, shop.notes):
            await end_of(pid)
        await children.close()  # until asyncio knows of it too: this loop is about to end


async def test_one_that_is_cancelled_is_told(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app, lease=LEASE):
        receipt = await shop.module.wait.aenqueue()
        await shop.until("waits")
        await shop.app.acancel(receipt)
        await recorder.wait(Settled)
    assert shop.notes == ["waits", "cancelled"]


async def test_tests_and_calls_perform_it_here(shop: Shop) -> None:
    assert (await shop.module.pid.aperform()).state is Performed.SUCCEEDED
    assert shop.notes == [str(os.getpid())]


def test_what_another_process_could_not_find_is_refused(app: jobkit.App) -> None:
    def inner() -> None: ...

    with pytest.raises(DeclarationError, match="is not at the top level of its module"):
        app.job(name="inner", isolate="process")(inner)
    wrong: Any = "thread"
    with pytest.raises(jobkit.ConfigurationError, match="isolate is 'process' or nothing, not 'thread'"):
        app.job(name="inner", isolate=wrong)(inner)
