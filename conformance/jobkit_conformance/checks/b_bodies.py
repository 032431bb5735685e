"""B: what was enqueued is what is delivered, on every path; what can't be is refused."""

from __future__ import annotations

from typing import Any, Final

from msgspec import structs

from jobkit.backend import Accepted, Message, Release, RetryAt
from jobkit.errors import InvalidMessage
from jobkit_conformance.checks.names import NO_NAMES, ODD_NAMES
from jobkit_conformance.checks.paths import Along, on_every_path
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import MINUTE, Env, ids_of, message

BODIES: Final = {
    "nothing": b"",
    "every byte": bytes(range(256)),
    "protocol": b"\r\n$-1\r\n*1\r\n",
    "text": b'null "\\u0000" \xc3\xa9',
    "no text": b"\xff\xfe\x00" * 100,
    "digits": b"900719925474099312345",
    "json": b'{ "n": 1.0, "a": [ ], "o": {}, "m": 12345678901234567890, "x": 1e2, "n": 0.1, "u": "\\u00e9\\/" }\n',
    "a number": b"1e2",
}
LARGEST: Final = 64 << 20
"""A body that claims more than this is not tried at its limit."""


@on_every_path("B1")
async def bodies_come_back_byte_for_byte(env: Env, along: Along) -> None:
    client = await env.client()
    for name, body in BODIES.items():
        delivery = await along(env, client, message(name, queue=name, body=body))
        env.expect(delivery.message.body, body, f"the body {name!r}")


@check("B1")
async def the_largest_body_comes_back(env: Env) -> None:
    client = await env.client()
    size = min(env.capabilities.max_body, LARGEST)
    body = (bytes(range(256)) * (size // 256 + 1))[:size]
    await env.enqueue_ok(client, message(body=body))
    (first,) = await env.reserve_ok(client, "a")
    env.check(first.message.body == body, f"a body of {size:,} bytes came back changed")
    await env.settled(client, Release(first.token))
    (again,) = await env.reserve_ok(client, "a")
    env.check(again.message.body == body, f"a body of {size:,} bytes came back changed after a release")


@on_every_path("B2")
async def fields_come_back(env: Env, along: Along) -> None:
    client = await env.client()
    headers = {"job": "mail.send", "": "", "é\n\x00": "ünï → 日本 \r\n", "n": "0123", "long": "x" * 300}
    for name in ("a", "ключ:{1}*"):
        sent = Message(name, f"queue {name}", b"x", headers=headers)
        found = (await along(env, client, sent)).message
        env.expect((found.id, found.queue), (sent.id, sent.queue), "id and queue")
        env.expect(dict(found.headers), headers, "the headers")


@on_every_path("B2", "keys", "priority")
async def key_and_priority_come_back(env: Env, along: Along) -> None:
    client = await env.client()
    for priority in sorted(set(env.capabilities.priority or ())):
        sent = message(f"p{priority}", key=f"key {priority}:*", priority=priority)
        found = (await along(env, client, sent)).message
        env.expect((found.key, found.priority), (sent.key, sent.priority), "key and priority")


@check("B3")
async def odd_names_are_names(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"in {place}", queue=name) for place, name in enumerate(ODD_NAMES)))
    for place, name in enumerate(ODD_NAMES):
        found = await client.reserve([name], limit=10, lease=MINUTE)
        env.expect(ids_of(found), [f"in {place}"], f"reserve of the queue {name!r}")
    await env.enqueue_ok(client, *(message(name) for name in ODD_NAMES))
    granted = await env.drain(client)
    env.expect(sorted(granted), sorted(ODD_NAMES), "the ids that were granted")


@check("B3", "keys")
async def odd_keys_are_keys(env: Env) -> None:
    client = await env.client()
    for place, name in enumerate(ODD_NAMES):
        (outcome,) = await client.enqueue([message(f"m{place}", key=name)])
        env.check(isinstance(outcome, Accepted), f"the key {name!r}, which nobody has, answered {outcome}")


@check("B3")
async def odd_namespaces_are_namespaces(env: Env) -> None:
    suffixes = ("*", "{x}", "}", ":q", "%3A", " ", "é", "é".upper(), "e\u0301")
    clients = {suffix: await env.client(f"{env.namespace}{suffix}") for suffix in suffixes}
    for suffix, client in clients.items():
        await env.enqueue_ok(client, message("a", body=suffix.encode()))
    for suffix, client in clients.items():
        found = await client.reserve(["q"], limit=10, lease=MINUTE)
        bodies = [delivery.message.body for delivery in found]
        env.expect(bodies, [suffix.encode()], f"what the namespace that ends in {suffix!r} holds")


@check("B3")
async def what_is_no_name_is_refused(env: Env) -> None:
    client = await env.client()
    for name in NO_NAMES:
        for field in ("id", "queue", *(["key"] if env.capabilities.keys else [])):
            bad = structs.replace(message(), **{field: name})
            await env.refuses(client.enqueue([bad]), InvalidMessage, f"enqueue with {field} {name!r:.40}")
        await env.refuses(_used(env, name), ValueError, f"the namespace {name!r:.40}")


async def _used(env: Env, namespace: str) -> object:
    env.trace.noted("c2", f"opens the namespace {namespace!r:.40}, and enqueues there")
    backend = await env.harness.open(namespace, env.clock if env.exact else None)
    try:
        return await backend.enqueue([message()])
    finally:
        await backend.close()


@check("B4")
async def attempts_and_delivery_numbers_are_whole(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    for attempt in range(1, 21):
        (held,) = await env.reserve_ok(client, "a")
        env.expect((type(held.attempt), held.attempt), (int, attempt), "the attempt of a message retried each time")
        env.check(
            type(held.number) is int and attempt <= held.number < 2**31, f"its delivery number is {held.number!r}"
        )
        await env.settled(client, RetryAt(held.token, after=0))


@check("B4", "delay")
async def the_first_and_the_last_instant_are_kept_exactly(env: Env) -> None:
    client = await env.client()
    last = 2**53 - 1
    (outcome,) = await env.enqueue_ok(client, message("last", at=last))
    env.expect(outcome.due, last, "when a message for 2**53 - 1 is due")
    for field in ("at", "after"):
        await env.enqueue_ok(client, structs.replace(message(field, queue=field), **{field: 0}))
        (first,) = await env.reserve_ok(client, field, queue=field)
        await env.settled(client, Release(first.token))
        (again,) = await env.reserve_ok(client, field, queue=field)
        env.expect(getattr(again.message, field), 0, f"{field} of a message with {field}=0")


@check("B4", "delay", "inspect")
async def the_last_instant_is_shown_exactly(env: Env) -> None:
    client = await env.client()
    last = 2**53 - 1
    await env.enqueue_ok(client, message(at=last))
    found = await env.stored(client, "a")
    env.expect((found.since, found.message.at), (last, last), "since and at of a message for 2**53 - 1")


@check("B4", "delay")
async def times_that_are_none_are_refused(env: Env) -> None:
    client = await env.client()
    for field, value in (("at", 2**53), ("at", -1), ("after", -1), ("after", 2**53), ("at", 1.5), ("after", True)):
        bad = structs.replace(message(), **{field: value})
        await env.refuses(client.enqueue([bad]), InvalidMessage, f"enqueue with {field}={value!r}")
    both = message(at=0, after=0)
    await env.refuses(client.enqueue([both]), InvalidMessage, "enqueue with at and after")


@check("B4", "priority")
async def priorities_out_of_range_are_refused(env: Env) -> None:
    client = await env.client()
    lowest, highest = env.capabilities.priority or (0, 0)
    for priority in (lowest - 1, highest + 1, 2**31):
        call = client.enqueue([message(priority=priority)])
        await env.refuses(call, InvalidMessage, f"enqueue with priority={priority}")


@check("B5")
async def what_was_passed_in_may_be_changed_afterwards(env: Env) -> None:
    client = await env.client()
    headers = {"job": "before"}
    messages = [message(headers=headers)]
    await client.enqueue(messages)
    headers["job"] = "after"
    messages.clear()
    (delivery,) = await env.reserve_ok(client, "a")
    env.expect(dict(delivery.message.headers), {"job": "before"}, "headers, after the caller changed its own")


@check("B5")
async def what_was_delivered_may_be_changed(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message(headers={"job": "before"}))
    (first,) = await env.reserve_ok(client, "a")
    _change(first.message)
    await env.settled(client, Release(first.token))
    (again,) = await env.reserve_ok(client, "a")
    env.expect(dict(again.message.headers), {"job": "before"}, "headers, after the first worker changed its own")


@check("B5", "inspect")
async def what_was_shown_may_be_changed(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message(headers={"job": "before"}))
    _change((await env.stored(client, "a")).message)
    again = await env.stored(client, "a")
    env.expect(dict(again.message.headers), {"job": "before"}, "headers, after somebody who looked changed his own")


def _change(message: Message) -> None:
    if isinstance(message.headers, dict):
        message.headers["job"] = "after"  # pyright: ignore[reportUnknownMemberType]


@check("B6")
async def what_cannot_be_stored_is_refused_before_anything_is(env: Env) -> None:
    client = await env.client()
    wrong: dict[str, Any] = {"body": "text", "id": 7, "queue": None, "priority": 1.0, "headers": {"n": 1}}
    for field, value in wrong.items():
        batch = [message("good"), structs.replace(message("bad"), **{field: value}), message("late")]
        await env.refuses(client.enqueue(batch), InvalidMessage, f"a batch with {field}={value!r}")
    for body in (bytearray(b"x"), memoryview(b"x"), None):
        batch = [message("good"), structs.replace(message("bad"), body=body)]
        await env.refuses(client.enqueue(batch), InvalidMessage, f"a batch with a body of {type(body).__name__}")
    env.expect(await env.drain(client), [], "what is there after those batches")


@check("B6")
async def what_is_too_large_is_refused_whole(env: Env) -> None:
    client = await env.client()
    claims = env.capabilities
    if claims.max_body <= LARGEST:
        batch = [message("good"), message("large", body=bytes(claims.max_body + 1))]
        await env.refuses(client.enqueue(batch), InvalidMessage, f"a batch with a body of {claims.max_body + 1} bytes")
    batch = [message(f"m{number}") for number in range(claims.max_batch + 1)]
    await env.refuses(client.enqueue(batch), InvalidMessage, f"a batch of {claims.max_batch + 1}")
    pieces = claims.max_batch_bytes // claims.max_body + 1
    if claims.max_batch_bytes <= LARGEST and pieces <= claims.max_batch:
        batch = [message(f"m{number}", body=bytes(claims.max_body)) for number in range(pieces)]
        await env.refuses(client.enqueue(batch), InvalidMessage, f"a batch of more than {claims.max_batch_bytes} bytes")
    env.expect(await env.drain(client), [], "what is there after those batches")


@check("B6")
async def the_largest_batch_is_stored_whole(env: Env) -> None:
    client = await env.client()
    ids = [f"m{number}" for number in range(env.capabilities.max_batch)]
    outcomes = await client.enqueue([message(id) for id in ids])
    env.check(all(isinstance(outcome, Accepted) for outcome in outcomes), f"a batch of {len(ids)} was not accepted")
    env.expect(sorted(await env.drain(client, limit=len(ids))), sorted(ids), f"what a batch of {len(ids)} left there")
