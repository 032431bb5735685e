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
async def an_earlier_message_counts_for_a_later_one(env: Env) -> None:
    client = await env.client()
    batch = [message("a"), message("a"), message("a", body=b"other"), message("b")]
    env.expect(words_of(await client.enqueue(batch)), ["accepted", "duplicate", "conflict", "accepted"], "one batch")
    env.expect(sorted(await env.drain(client)), ["a", "b"], "what it left there")


@check("E1", "keys")
async def id_is_judged_before_key(env: Env) -> None:
    client = await env.client()
    batch = [message("a", key="k"), message("b", key="k"), message("a", key="k"), message("a"), message("c")]
    expected = ["accepted", "key_taken", "duplicate", "conflict", "accepted"]
    outcomes = await client.enqueue(batch)
    env.expect(words_of(outcomes), expected, "one batch")
    env.expect(outcomes[1], KeyTaken(by="a"), "who holds the key")


@check("E1")
async def a_batch_becomes_visible_together(env: Env) -> None:
    producer, *others = await env.clients(4)
    size = min(50, env.capabilities.max_batch)
    for turn in range(10):
        batch = [message(f"{turn} {number}", queue=f"q{turn}") for number in range(size)]
        looks = [other.reserve([f"q{turn}"], limit=size, lease=HOUR) for other in others for _ in range(3)]
        enqueuing = asyncio.create_task(producer.enqueue(batch))
        answers = await asyncio.gather(*looks)
        await enqueuing
        seen = next((len(answer) for answer in answers if answer), size)
        env.check(seen == size, f"a reserve saw {seen} of a batch of {size}")


@check("E2")
async def a_refused_message_takes_its_batch_along(env: Env) -> None:
    client = await env.client()
    for bad in (structs.replace(message("bad"), body="no bytes"), message("\x00"), message("bad", priority=2**40)):
        for batch in ([bad, message("a")], [message("a"), bad], [message("a"), message("b"), bad, message("c")]):
            await env.refuses(client.enqueue(batch), (InvalidMessage, Unsupported), "a batch with one bad message")
    env.expect(await env.drain(client), [], "what is there after those batches")


@check("E2")
async def an_option_not_claimed_takes_its_batch_along(env: Env) -> None:
    client = await env.client()
    asks: dict[str, dict[str, Any]] = {
        "delay": {"after": MINUTE},
        "priority": {"priority": 1},
        "keys": {"key": "k"},
        "remember": {"remember": MINUTE},
    }
    for option in capability_probe.unclaimed(env):
        if option in asks:
            batch = [message("a"), message("b", **asks[option])]
            await env.refuses(client.enqueue(batch), Unsupported, f"a batch that needs {option}")
    env.expect(await env.drain(client), [], "what is there after those batches")


@check("E2")
async def the_empty_batch_succeeds(env: Env) -> None:
    client = await env.client()
    env.expect(await client.enqueue([]), [], "enqueue of nothing")
    env.expect(await client.settle([]), [], "settle of nothing")
    env.expect(await client.extend([]), [], "extend of nothing")


@check("E2", "hook:kill", "hook:restart")
async def a_fault_leaves_all_of_a_batch_or_nothing(env: Env) -> None:
    client = await env.client()
    ids = [f"m{number}" for number in range(10)]
    await env.kill()
    await env.refuses(client.enqueue([message(id) for id in ids]), BackendUnavailable, "enqueue without a store")
    await env.restart()
    env.check(sorted(await env.drain(client)) in ([], ids), "a part of the batch is there")


@check("E5")
async def a_batch_that_is_sent_again_is_stored_once(env: Env) -> None:
    client, other = await env.clients(2)
    batch = [message("a"), message("b", body=b"y"), message("c")]
    await env.enqueue_ok(client, *batch[:2])
    env.expect(
        words_of(await client.enqueue(batch)), ["duplicate", "duplicate", "accepted"], "the batch that had half arrived"
    )
    env.expect(words_of(await other.enqueue(batch)), ["duplicate"] * 3, "the whole batch, once more")
    held = await env.granted(other, "reserve")
    env.expect(words_of(await client.enqueue(batch)), ["duplicate"] * 3, "and while a worker has one of it")
    env.expect(sorted([held.message.id, *await env.drain(client)]), ["a", "b", "c"], "what is granted in all")


@check("E5", "hook:kill", "hook:restart", "durable")
async def after_a_fault_the_same_batch_is_safe(env: Env) -> None:
    client = await env.client()
    batch = [message(f"m{number}") for number in range(5)]
    await env.enqueue_ok(client, batch[0])
    await env.kill()
    await env.refuses(client.enqueue(batch), BackendUnavailable, "enqueue without a store")
    await env.restart()
    outcomes = words_of(await client.enqueue(batch))
    env.check(set(outcomes) <= {"accepted", "duplicate"}, f"the same batch again answered {outcomes}")
    env.expect(sorted(await env.drain(client)), [one.id for one in batch], "what is granted in all")
