"""Enqueues that are made at once become one batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from jobkit.backend import Accepted, Duplicate, EnqueueOutcome, Message
from jobkit.enqueue.batching import Batcher, Limits
from jobkit.errors import BackendUnavailable, InvalidMessage


class Sent:
    """A store that writes down its batches, and answers when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.error: Exception | None = None

    async def __call__(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        self.batches.append([each.id for each in messages])
        await asyncio.sleep(0)  # no store answers within the same turn
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        if len(messages) > 1 and any(each.body == b"bad" for each in messages):
            raise InvalidMessage("one of them can't be stored")
        if messages and messages[0].body == b"bad":
            raise InvalidMessage(f"{messages[0].id} can't be stored")
        return [Accepted(due=int(each.id)) for each in messages]


def message(id: int, body: bytes = b"") -> Message:
    return Message(str(id), "q", body)


@pytest.fixture
async def sent() -> Sent:
    return Sent()


@pytest.fixture
async def gathering(sent: Sent) -> Batcher:
    return Batcher(sent, Limits(items=10, bytes=1_000))


async def test_one_who_is_alone_waits_for_nobody(gathering: Batcher, sent: Sent) -> None:
    call = gathering.enqueue([message(1)], 1)
    call.send(None)  # no turn of the loop, and yet
    assert sent.batches == [["1"]]
    call.close()


async def test_those_of_one_turn_share_a_step_and_each_has_its_own_outcomes(gathering: Batcher, sent: Sent) -> None:
    found = await asyncio.gather(*(gathering.enqueue([message(n), message(n + 10)], 1) for n in range(4)))
    assert sent.batches == [["0", "10"], ["1", "11", "2", "12", "3", "13"]]
    assert found == [[Accepted(due=n), Accepted(due=n + 10)] for n in range(4)]


async def test_a_batch_is_full_by_items(gathering: Batcher, sent: Sent) -> None:
    await asyncio.gather(*(gathering.enqueue([message(n)], 1) for n in range(24)))
    assert [len(batch) for batch in sent.batches] == [1, 10, 10, 3]


async def test_a_batch_is_full_by_bytes(gathering: Batcher, sent: Sent) -> None:
    await asyncio.gather(*(gathering.enqueue([message(n)], 400) for n in range(6)))
    assert [len(batch) for batch in sent.batches] == [1, 2, 2, 1]


async def test_the_order_is_that_of_the_calls(gathering: Batcher, sent: Sent) -> None:
    await asyncio.gather(*(gathering.enqueue([message(n)], 1) for n in range(30)))
    assert [id for batch in sent.batches for id in batch] == [str(n) for n in range(30)]


async def test_nobody_is_told_before_it_is_stored(gathering: Batcher, sent: Sent) -> None:
    sent.answers.clear()
    calls = [asyncio.ensure_future(gathering.enqueue([message(n)], 1)) for n in range(3)]
    while len(sent.batches) < 2:
        await asyncio.sleep(0)
    assert not any(call.done() for call in calls)
    sent.answers.set()
    await asyncio.gather(*calls)


async def test_a_fault_is_every_callers(gathering: Batcher, sent: Sent) -> None:
    sent.error = BackendUnavailable("no server")
    found = await asyncio.gather(*(gathering.enqueue([message(n)], 1) for n in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [BackendUnavailable] * 3


async def test_what_one_caller_did_wrong_is_nobody_elses_fault(gathering: Batcher, sent: Sent) -> None:
    bodies = [b"", b"", b"bad", b""]
    calls = [gathering.enqueue([message(n, body)], 1) for n, body in enumerate(bodies)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert found[:2] == [[Accepted(due=0)], [Accepted(due=1)]]
    assert isinstance(found[2], InvalidMessage)
    assert str(found[2]) == "2 can't be stored"
    assert found[3] == [Accepted(due=3)]


async def test_one_who_gives_up_before_it_is_sent_takes_it_along(gathering: Batcher, sent: Sent) -> None:
    calls = [asyncio.ensure_future(gathering.enqueue([message(n)], 1)) for n in range(3)]
    asyncio.get_running_loop().call_soon(calls[1].cancel)  # after it joined, before the batch leaves
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(found[1], asyncio.CancelledError)
    assert [found[0], found[2]] == [[Accepted(due=0)], [Accepted(due=2)]]


async def test_one_who_gives_up_later_spoils_nothing(gathering: Batcher, sent: Sent) -> None:
    sent.answers.clear()
    calls = [asyncio.ensure_future(gathering.enqueue([message(n)], 1)) for n in range(3)]
    while len(sent.batches) < 2:
        await asyncio.sleep(0)
    calls[1].cancel()
    sent.answers.set()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [found[0], found[2]] == [[Accepted(due=0)], [Accepted(due=2)]]


async def test_with_a_wait_a_batch_stays_open_until_it_is_full(sent: Sent) -> None:
    gathering = Batcher(sent, Limits(items=3, bytes=1_000), wait=3600)
    calls = [asyncio.ensure_future(gathering.enqueue([message(0)], 1))]
    for n in (1, 2):
        await asyncio.sleep(0)
        assert sent.batches == []
        calls.append(asyncio.ensure_future(gathering.enqueue([message(n)], 1)))
    await asyncio.gather(*calls)
    assert sent.batches == [["0", "1", "2"]]


async def test_with_a_wait_a_batch_leaves_when_it_is_over(sent: Sent) -> None:
    gathering = Batcher(sent, Limits(items=100, bytes=1_000), wait=0.001)
    assert await gathering.enqueue([message(7)], 1) == [Accepted(due=7)]


async def test_closing_sends_what_was_gathered_and_waits_for_its_answers(sent: Sent) -> None:
    gathering = Batcher(sent, Limits(items=100, bytes=1_000), wait=3600)
    call = asyncio.ensure_future(gathering.enqueue([message(7)], 1))
    await asyncio.sleep(0)
    await gathering.close()
    assert sent.batches == [["7"]]
    assert await call == [Accepted(due=7)]


async def test_too_few_outcomes_are_an_error_of_all_and_nobody_waits_for_ever(sent: Sent) -> None:
    async def short(messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return [Duplicate()]

    gathering = Batcher(short, Limits(items=100, bytes=1_000), wait=0.001)
    found = await asyncio.gather(*(gathering.enqueue([message(n)], 1) for n in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [ValueError] * 3
