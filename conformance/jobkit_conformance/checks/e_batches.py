"""E, batches: what one enqueue stores, and what the same again does."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import structs

from jobkit.backend import (
    KeyTaken,
)
from jobkit.errors import BackendUnavailable, InvalidMessage, Unsupported
from jobkit_conformance import capability_probe
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, message, words_of


@check("E1")
async def an_earlier_message_counts_for_a_later_one(stage: Env) -> None:
    client = await stage.client()
    batch = [message("a"), message("a"), message("a", body=b"other"), message("b")]
    stage.expect(words_of(await client.enqueue(batch)), ["accepted", "duplicate", "conflict", "accepted"], "one batch")
    stage.expect(sorted(await stage.drain(client)), ["a", "b"], "what it left there")


@check("E1", "keys")
async def id_is_judged_before_key(stage: Env) -> None:
    client = await stage.client()
    batch = [message("a", key="k"), message("b", key="k"), message("a", key="k"), message("a"), message("c")]
    expected = ["accepted", "key_taken", "duplicate", "conflict", "accepted"]
    outcomes = await client.enqueue(batch)
    stage.expect(words_of(outcomes), expected, "one batch")
    stage.expect(outcomes[1], KeyTaken(by="a"), "who holds the key")


@check("E1")
async def a_batch_becomes_visible_together(stage: Env) -> None:
    producer, *others = await stage.clients(4)
    size = min(50, stage.capabilities.max_batch)
    for turn in range(10):
        batch = [message(f"{turn} {number}", queue=f"q{turn}") for number in range(size)]
        looks = [other.reserve([f"q{turn}"], limit=size, lease=HOUR) for other in others for _ in range(3)]
        enqueuing = asyncio.create_task(producer.enqueue(batch))
        answers = await asyncio.gather(*looks)
        await enqueuing
        seen = next((len(answer) for answer in answers if answer), size)
        stage.check(seen == size, f"a reserve saw {seen} of a batch of {size}")


@check("E2")
async def a_refused_message_takes_its_batch_along(stage: Env) -> None:
    client = await stage.client()
    for bad in (structs.replace(message("bad"), body="no bytes"), message("\x00"), message("bad", priority=2**40)):
        for batch in ([bad, message("a")], [message("a"), bad], [message("a"), message("b"), bad, message("c")]):
            await stage.refuses(client.enqueue(batch), (InvalidMessage, Unsupported), "a batch with one bad message")
    stage.expect(await stage.drain(client), [], "what is there after those batches")


@check("E2")
async def an_option_not_claimed_takes_its_batch_along(stage: Env) -> None:
    client = await stage.client()
    asks: dict[str, dict[str, Any]] = {
        "delay": {"after": MINUTE},
        "priority": {"priority": 1},
        "keys": {"key": "k"},
        "remember": {"remember": MINUTE},
    }
    for option in capability_probe.unclaimed(stage):
        if option in asks:
            batch = [message("a"), message("b", **asks[option])]
            await stage.refuses(client.enqueue(batch), Unsupported, f"a batch that needs {option}")
    stage.expect(await stage.drain(client), [], "what is there after those batches")


@check("E2")
async def the_empty_batch_succeeds(stage: Env) -> None:
    client = await stage.client()
    stage.expect(await client.enqueue([]), [], "enqueue of nothing")
    stage.expect(await client.settle([]), [], "settle of nothing")
    stage.expect(await client.extend([]), [], "extend of nothing")


@check("E2", "hook:kill", "hook:restart")
async def a_fault_leaves_all_of_a_batch_or_nothing(stage: Env) -> None:
    client = await stage.client()
    ids = [f"m{number}" for number in range(10)]
    await stage.kill()
    await stage.refuses(client.enqueue([message(id) for id in ids]), BackendUnavailable, "enqueue without a store")
    await stage.restart()
    stage.check(sorted(await stage.drain(client)) in ([], ids), "a part of the batch is there")


@check("E5")
async def a_batch_that_is_sent_again_is_stored_once(stage: Env) -> None:
    client, other = await stage.clients(2)
    batch = [message("a"), message("b", body=b"y"), message("c")]
    await stage.enqueue_ok(client, *batch[:2])
    stage.expect(
        words_of(await client.enqueue(batch)), ["duplicate", "duplicate", "accepted"], "the batch that had half arrived"
    )
    stage.expect(words_of(await other.enqueue(batch)), ["duplicate"] * 3, "the whole batch, once more")
    held = await stage.granted(other, "reserve")
    stage.expect(words_of(await client.enqueue(batch)), ["duplicate"] * 3, "and while a worker has one of it")
    stage.expect(sorted([held.message.id, *await stage.drain(client)]), ["a", "b", "c"], "what is granted in all")


@check("E5", "hook:kill", "hook:restart", "durable")
async def after_a_fault_the_same_batch_is_safe(stage: Env) -> None:
    client = await stage.client()
    batch = [message(f"m{number}") for number in range(5)]
    await stage.enqueue_ok(client, batch[0])
    await stage.kill()
    await stage.refuses(client.enqueue(batch), BackendUnavailable, "enqueue without a store")
    await stage.restart()
    outcomes = words_of(await client.enqueue(batch))
    stage.check(set(outcomes) <= {"accepted", "duplicate"}, f"the same batch again answered {outcomes}")
    stage.expect(sorted(await stage.drain(client)), [one.id for one in batch], "what is granted in all")
