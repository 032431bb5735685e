"""Where a long job is: what it may say, and what the next attempt hears of that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec
import pytest

import jobkit
from jobkit.backend import Delivery
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import Memory
from jobkit.clock import ManualClock
from jobkit.coders.json import JSON
from jobkit.errors import Interrupted, InvalidArgument, LossyArgument, RunningLoop, Undecodable, Unsupported
from jobkit.execute.checkpoint import LeaseSink, check_body
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Performed
from jobkit.execute.perform import context_of, perform
from tests.core.performing import delivery, job_of, performed


@dataclass(frozen=True)
class Place:
    page: int
    day: date


def context(checkpoint: bytes | None = None) -> JobContext:
    made = JobContext(id="a", job="shop.import", queue="default", attempt=1, headers={}, checkpoint=checkpoint)
    made.coder = JSON()
    return made


def test_without_one_there_is_the_default() -> None:
    assert context().last_checkpoint(int) is None
    assert context().last_checkpoint(int, 7) == 7


def test_it_comes_back_as_the_type_that_is_asked_for() -> None:
    first = context()
    place = Place(3, date(2026, 3, 1))
    first.checkpoint(place)
    assert first.last_checkpoint(Place) == place
    assert context(b'{"page":3,"day":"2026-03-01"}').last_checkpoint(Place) == place
    assert context(b"[1,2]").last_checkpoint(tuple[int, int]) == (1, 2)


def test_the_latest_counts() -> None:
    job = context(b"1")
    for number in (2, 3):
        job.checkpoint(number)
    assert job.last_checkpoint(int, 0) == 3


def test_one_of_another_type_is_told() -> None:
    with pytest.raises(Undecodable, match=r"^shop\.import: the last checkpoint is no Place: Expected `object`"):
        context(b"1").last_checkpoint(Place)
    with pytest.raises(Undecodable, match=r"is no tuple\[int, int\]: "):
        context(b"1").last_checkpoint(tuple[int, int])


def test_what_would_come_back_changed_is_refused() -> None:
    job = context()
    assert job.last_checkpoint(list[int]) is None
    with pytest.raises(LossyArgument, match=r"^shop\.import: checkpoint: tuple would come back as list"):
        job.checkpoint((1, 2))
    with pytest.raises(LossyArgument, match=r"this checkpoint is no list\[int\], which last_checkpoint\(\) asked for"):
        job.checkpoint("a")
    assert job.last_checkpoint(list[int]) is None


def test_what_has_no_encoding_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"^shop\.import: this checkpoint can't be stored: "):
        context().checkpoint(object())


async def test_a_plain_one_in_a_loop_names_its_twin() -> None:
    with pytest.raises(RunningLoop, match="await acheckpoint"):
        context().checkpoint(1)
    await context().acheckpoint(1)


def test_a_job_that_should_stop_does_so_here_and_has_stored_it() -> None:
    job = context()
    job.stopping = True
    with pytest.raises(Interrupted, match="should stop, and does so at this checkpoint"):
        job.checkpoint(7)
    assert job.last_checkpoint(int) == 7


@pytest.mark.parametrize("shape", ["plain", "async"])
async def test_interrupted_at_a_checkpoint_is_given_back(app: jobkit.App, shape: str) -> None:
    def stop() -> None:
        job = jobkit.this_job()
        job.stopping = True
        raise Interrupted

    assert (await performed(app, job_of(app, shape, stop).call())).state is Performed.INTERRUPTED


@pytest.mark.parametrize("shape", ["plain", "async"])
async def test_interrupted_for_no_reason_is_a_failure(app: jobkit.App, shape: str) -> None:
    def stop() -> None:
        raise Interrupted("a job's own idea")

    outcome = await performed(app, job_of(app, shape, stop, discard=Interrupted).call())
    assert outcome.state is Performed.DISCARDED


async def test_a_call_is_performed_from_a_checkpoint(app: jobkit.App) -> None:
    @app.job(name="shop.count")
    async def count() -> int:
        job = jobkit.this_job()
        begun = job.last_checkpoint(int, 0)
        await job.acheckpoint(begun + 1)
        return begun + job.attempt

    assert (await app.aperform_call(count.call())).value == 1
    assert (await app.aperform_call(count.call(), attempt=2, checkpoint=40)).value == 42


# On its way to the backend.


async def taken(memory: Memory, clock: ManualClock, app: jobkit.App) -> tuple[InlineBackend, Delivery]:
    job = job_of(app, "async", lambda: None)
    backend = InlineBackend(memory, clock)
    await backend.enqueue([delivery(app, job.call()).message])
    (found,) = await backend.reserve(["default"], limit=1, lease=1000)
    return backend, found


async def test_it_travels_with_an_extension(memory: Memory, clock: ManualClock, app: jobkit.App) -> None:
    backend, found = await taken(memory, clock, app)
    line = LeaseSink(backend, found.token, 1000)
    job = context_of(found)
    job.coder = JSON()
    job.carry(line)
    await job.acheckpoint(7)
    clock.move(1001)
    (again,) = await backend.reserve(["default"], limit=1, lease=1000)
    assert (again.attempt, again.checkpoint) == (2, b"7")
    with pytest.raises(Interrupted, match="its lease is over, so this checkpoint was not stored"):
        await job.acheckpoint(8)
    assert job.lease_lost
    clock.move(1001)
    (last,) = await backend.reserve(["default"], limit=1, lease=1000)
    assert last.checkpoint == b"7"
    await backend.close()


async def test_a_delivery_is_performed_from_its_checkpoint(app: jobkit.App) -> None:
    @app.job(name="shop.where")
    def where() -> int | None:
        job = jobkit.this_job()
        return job.last_checkpoint(int)

    given = delivery(app, where.call(), attempt=2)
    found = Delivery(given.message, 2, 2, token="t", lease_end=0, checkpoint=b"5")
    assert (await perform(found, context_of(found), app)).value == 5


def test_what_a_backend_does_not_take_is_refused_before_it_is_sent() -> None:
    claimed = InlineBackend().capabilities
    check_body(claimed, b"x" * claimed.max_body)
    with pytest.raises(InvalidArgument, match="the checkpoint is .* bytes long, and the backend keeps at most"):
        check_body(claimed, b"x" * (claimed.max_body + 1))
    with pytest.raises(Unsupported, match="this job's backend keeps no checkpoints") as refused:
        check_body(msgspec.structs.replace(claimed, checkpoints=False), b"")
    assert refused.value.capability == "checkpoints"
