"""P, cells: small values that several may write, and none of them over another."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from jobkit.errors import InvalidArgument
from jobkit_conformance.checks.names import NO_NAMES, ODD_NAMES
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import Env, message
from jobkit_conformance.history.recording import RecordingBackend

EVERY_BYTE: Final = bytes(range(256))


async def _set(env: Env, client: RecordingBackend, name: str, value: bytes, expected_version: int) -> int:
    """The version of a set that has to succeed; otherwise the rule is broken."""
    version = await client.cell_set(name, value, expected_version)
    env.check(version is not None, f"cell_set of {name!r} at its version {expected_version} was refused")
    env.check(version is not None and version > expected_version, f"version {version} follows {expected_version}")
    return version or 0


@check("P3")
async def only_who_knows_the_version_sets_it(env: Env) -> None:
    one, other = await env.clients(2)
    env.expect(await one.cell_get("c"), None, "a cell that was never set")
    env.expect(await one.cell_set("c", b"x", 1), None, "cell_set of a cell that was never set, expecting version 1")
    first = await _set(env, one, "c", b"first", 0)
    env.expect(await other.cell_get("c"), (b"first", first), "the cell after that")
    env.expect(await other.cell_set("c", b"x", 0), None, "cell_set as if it were absent")
    env.expect(await other.cell_set("c", b"x", first + 1), None, "cell_set at a version to come")
    second = await _set(env, other, "c", b"second", first)
    env.expect(await one.cell_set("c", b"x", first), None, "cell_set at the version before")
    env.expect(await one.cell_get("c"), (b"second", second), "the cell in the end")


@check("P3")
async def of_many_at_once_one_sets_it(env: Env) -> None:
    clients, latest = await env.clients(8), 0
    for turn in range(5):
        values = [f"{turn} {number}".encode() for number in range(64)]
        calls = [clients[number % 8].cell_set("c", value, latest) for number, value in enumerate(values)]
        versions = await asyncio.gather(*calls)
        winners = [(value, version) for value, version in zip(values, versions, strict=True) if version is not None]
        env.expect(len(winners), 1, f"how many of 64 sets at once succeeded, expecting version {latest}")
        env.expect(await clients[turn].cell_get("c"), winners[0], "the cell after that")
        env.check(winners[0][1] > latest, f"version {winners[0][1]} follows {latest}")
        latest = winners[0][1]


@check("P3")
async def those_who_count_together_lose_nothing(env: Env) -> None:
    clients, times = await env.clients(5), 10

    async def count(client: RecordingBackend) -> None:
        done = 0
        while done < times:
            value, version = await client.cell_get("count") or (b"0", 0)
            env.check(value.isdigit(), f"a cell that holds only numbers holds {value!r}, at version {version}")
            done += await client.cell_set("count", str(int(value) + 1).encode(), version) is not None

    await env.within(asyncio.gather(*map(count, clients)), "five who count together")
    value, _ = await clients[0].cell_get("count") or (b"nothing", 0)
    env.expect(value, str(5 * times).encode(), f"what {len(clients)} have counted, {times} each")


@check("P3")
async def versions_only_grow(env: Env) -> None:
    client, versions = await env.client(), [0]
    for value in (b"x", b"", b"x", b"x", b"", EVERY_BYTE):
        versions.append(await _set(env, client, "c", value, versions[-1]))
        env.expect(await client.cell_get("c"), (value, versions[-1]), f"the cell after {len(value)} bytes")
        for earlier in versions[:-1]:
            env.expect(await client.cell_set("c", b"y", earlier), None, "cell_set at an earlier version")


@check("P3")
async def a_cell_is_a_name_and_nothing_else(env: Env) -> None:
    client, other = await env.client(), await env.client(f"{env.namespace}-other")
    await env.enqueue_ok(client, message("a", queue="a"))
    names = list(ODD_NAMES)
    for name in names:
        await _set(env, client, name, name.encode(), 0)
    for name in names:
        found = await client.cell_get(name)
        env.expect(found and found[0], name.encode(), f"the cell {name!r}")
        env.expect(await other.cell_get(name), None, f"the cell {name!r} of another namespace")
    env.expect(await env.drain(client, ["a"]), ["a"], "a job whose id and queue are those of a cell")


@check("P3")
async def what_is_no_cell_is_refused(env: Env) -> None:
    client, most = await env.client(), env.capabilities.max_body
    for name in NO_NAMES:
        await env.refuses(client.cell_get(name), InvalidArgument, f"cell_get of {name[:9]!r}")
        await env.refuses(client.cell_set(name, b"", 0), InvalidArgument, f"cell_set of {name[:9]!r}")
    wrong: list[tuple[Any, Any]] = [("text", 0), (bytearray(b"x"), 0), (bytes(most + 1), 0)]
    wrong += [(b"x", -1), (b"x", 1.0), (b"x", "0"), (b"x", True), (b"x", None)]
    for value, version in wrong:
        what = f"cell_set of a {type(value).__name__}, expecting version {version!r}"
        await env.refuses(client.cell_set("c", value, version), InvalidArgument, what)
    env.expect(await client.cell_get("c"), None, "the cell after that")
    largest = (EVERY_BYTE * (most // 256 + 1))[:most]
    version = await _set(env, client, "c", largest, 0)
    env.check(await client.cell_get("c") == (largest, version), "a value of max_body bytes came back changed")


@check("P3", "durable", "hook:restart")
async def a_restart_keeps_value_and_version(env: Env) -> None:
    client = await env.client()
    first = await _set(env, client, "c", b"first", 0)
    latest = await _set(env, client, "c", EVERY_BYTE, first)
    await env.restart()
    other = await env.client()
    env.expect(await other.cell_get("c"), (EVERY_BYTE, latest), "the cell after a restart")
    for earlier in (0, first):
        env.expect(await other.cell_set("c", b"x", earlier), None, "cell_set at an earlier version after it")
    await _set(env, other, "c", b"third", latest)
