"""T: never early, never late, whatever the clocks around the store say."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from jobkit.backend import Done, Message, RetryAt
from jobkit_conformance.checks.hosts import host_clock_off_by, host_zone
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import DAY, HOUR, MINUTE, SECOND, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend

YEAR: Final = 365 * DAY


async def _is_early(env: Env, client: RecordingBackend, when: str) -> None:
    found = await client.reserve(["q"], limit=10, lease=MINUTE)
    env.expect(ids_of(found), [], f"reserve {when}")


async def _is_due(env: Env, client: RecordingBackend, when: str, *ids: str) -> None:
    """See that these are granted now, and these alone; and be done with them."""
    found = await client.reserve(["q"], limit=10, lease=MINUTE)
    env.expect(sorted(ids_of(found)), sorted(ids or ("a",)), f"reserve {when}")
    await env.settled(client, *(Done(delivery.token) for delivery in found))


@check("T1")
async def a_delayed_message_waits_for_its_time(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message(after=2 * HOUR))
    await _is_early(env, other, "right after the enqueue")
    await env.advance(HOUR)
    await _is_early(env, other, "half way")
    await env.advance(HOUR - max(1, env.tolerance))
    await _is_early(env, client, "just before its time")


@check("T1")
async def an_instant_is_waited_for(env: Env) -> None:
    client = await env.client()
    (probe,) = await env.enqueue_ok(client, message("probe", queue="probe"))
    (outcome,) = await env.enqueue_ok(client, message(at=probe.due + HOUR + env.tolerance))
    env.expect(outcome.due, probe.due + HOUR + env.tolerance, "the instant at which it says that it is due")
    await env.advance(HOUR - 1)
    await _is_early(env, client, "just before its instant")


@check("T1")
async def parts_of_a_second_count(env: Env) -> None:
    client = await env.client()
    (probe,) = await env.enqueue_ok(client, message("probe", queue="probe"))
    await env.advance(1100 - probe.due % SECOND)
    (begun,) = await env.enqueue_ok(client, message("a tenth into a second", queue="probe"))
    at = begun.due // SECOND * SECOND + 900
    await env.enqueue_ok(client, message(at=at))
    found = await client.reserve(["q"], limit=1, lease=MINUTE)
    (ended,) = await env.enqueue_ok(client, message("still before that", queue="probe"))
    env.require(ended.due < at, "the store was too slow")
    env.expect(ids_of(found), [], "reserve in the second in which it is due, and before the instant")


@check("T2")
async def a_delayed_message_comes_at_its_time(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message(after=2 * HOUR))
    await env.advance(2 * HOUR)
    await _is_due(env, other, "at its time")


@check("T2")
async def an_instant_is_met(env: Env) -> None:
    client = await env.client()
    (probe,) = await env.enqueue_ok(client, message("probe", queue="probe"))
    await env.enqueue_ok(client, message("a", at=probe.due + HOUR), message("b", at=probe.due + 2 * HOUR))
    await env.advance(HOUR)
    await _is_due(env, client, "at its instant", "a")


@check("T2")
async def what_is_past_due_is_due_now(env: Env) -> None:
    client = await env.client()
    (probe,) = await env.enqueue_ok(client, message("probe", queue="probe"))
    outcomes = await env.enqueue_ok(
        client, message("a", at=0), message("b", at=probe.due - HOUR), message("c", after=0)
    )
    env.check(all(outcome.due <= probe.due + env.tolerance for outcome in outcomes), f"due times are {outcomes}")
    await _is_due(env, client, "of messages whose times are past", "a", "b", "c")


@check("T2")
async def what_fell_due_long_ago_is_due(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", after=MINUTE), message("b", after=DAY))
    await env.advance(YEAR)
    await _is_due(env, client, "a year later", "a", "b")


@check("T2", "wait")
async def the_clock_of_production_meets_a_time(env: Env) -> None:
    client = await env.client(own_time=True)
    begun = time.monotonic()
    await env.enqueue_ok(client, message(after=50))
    late = 2.0 + env.capabilities.slack / 1000
    found = await env.within(client.reserve(["q"], limit=1, lease=MINUTE, wait=20_000), "reserve", within=late)
    env.expect(ids_of(found), ["a"], "what is granted to one who waits for it")
    env.check(time.monotonic() - begun >= 0.045, "it came before its time")


@check("T3", "skew")
async def a_wrong_clock_of_a_client_changes_nothing(env: Env) -> None:
    client = await env.client()
    for off in (-3600, 3600):
        with host_clock_off_by(off):
            skewed = await env.client()
            await env.enqueue_ok(skewed, message(f"retried {off}"))
            (held,) = await env.reserve_ok(skewed, f"retried {off}", lease=2 * MINUTE)
            await env.settled(skewed, RetryAt(held.token, after=2 * MINUTE))
            await env.enqueue_ok(skewed, message(f"later {off}", after=2 * MINUTE))
        await _is_early(env, client, f"right after the calls of a client whose clock is off by {off} s")
        await env.advance(2 * MINUTE)
        await _is_due(env, client, "two minutes later", f"later {off}", f"retried {off}")


@check("T3", "skew")
async def a_lease_does_not_depend_on_a_client_s_clock(env: Env) -> None:
    client = await env.client()
    for off in (-3600, 3600):
        with host_clock_off_by(off):
            skewed = await env.client()
            await env.enqueue_ok(skewed, message(f"a {off}"))
            await env.reserve_ok(skewed, f"a {off}", lease=2 * MINUTE)
        await env.advance(MINUTE)
        await _is_early(env, client, f"within the lease of a client whose clock is off by {off} s")
        await env.advance(MINUTE + env.tolerance)
        await _is_due(env, client, "after that lease", f"a {off}")


SWITCHES: Final = {
    "America/New_York": datetime(2027, 3, 14, 7, tzinfo=UTC),
    "Europe/Berlin": datetime(2027, 10, 31, 1, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2027, 4, 3, 15, tzinfo=UTC),
}
"""When clocks are put forward or back there."""


@check("T3")
async def daylight_saving_changes_nothing(env: Env) -> None:
    client = await env.client()
    for zone, switch in sorted(SWITCHES.items(), key=lambda item: item[1]):
        with host_zone(zone):
            at = int(switch.timestamp() * 1000)
            (probe,) = await env.enqueue_ok(client, message(f"probe {zone}", queue="probe"))
            await env.enqueue_ok(
                client, *(message(f"{zone} {half}", at=at + half * HOUR // 2) for half in range(-4, 5))
            )
            await env.advance(at - 2 * HOUR - probe.due - max(1, env.tolerance))
            await _is_early(env, client, f"two hours before the switch in {zone}")
            await env.advance(max(1, env.tolerance))
            for half in range(-4, 5):
                await _is_due(env, client, f"{half} half hours from the switch in {zone}", f"{zone} {half}")
                await env.advance(HOUR // 2)


@check("T3")
async def from_a_second_to_a_hundred_years(env: Env) -> None:
    client = await env.client()
    delays = (MINUTE, 2**31 - MINUTE, 2**31 + MINUTE, 2**32 + MINUTE, YEAR, 100 * YEAR)
    for delay in delays:
        await env.enqueue_ok(client, message(f"{delay}", after=delay))
    for delay in sorted(delays):
        await env.advance(delay - env.moved - max(1, env.tolerance))
        await _is_early(env, client, f"just before {delay:,} ms have passed")
        await env.advance(max(1, env.tolerance))
        await _is_due(env, client, f"when {delay:,} ms have passed", f"{delay}")


@check("T3")
async def parts_of_a_second_are_kept(env: Env) -> None:
    client = await env.client()
    (probe,) = await env.enqueue_ok(client, message("probe", queue="probe"))
    wanted = [probe.due + HOUR + part for part in (1, 499, 501, 999, 1001)]
    outcomes = await env.enqueue_ok(client, *(message(f"{at}", at=at) for at in wanted))
    env.expect([outcome.due for outcome in outcomes], wanted, "the due times that were resolved")
    if env.exact:
        for at in wanted:
            await env.advance(at - probe.due - env.moved - 1)
            await _is_early(env, client, "a millisecond before a due time")
            await env.advance(1)
            await _is_due(env, client, "at that due time", f"{at}")


@check("T4")
async def a_far_due_time_is_met_once(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message(after=30 * DAY))
    for _ in range(29):
        await env.advance(DAY)
        env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve on a day before it is due")
    await env.advance(DAY)
    (held,) = await env.reserve_ok(client, "a", lease=DAY)
    env.expect(held.attempt, 1, "the attempt of the first delivery")
    await env.advance(DAY // 2)
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "another reserve within the lease")


CROWD: Final = 10_000


@check("T5")
async def thousands_due_at_one_instant_come_in_order(env: Env) -> None:
    client = await env.client()
    lowest, highest = env.capabilities.priority or (0, 0)
    levels = range(lowest, highest + 1)[:10]
    (probe,) = await env.enqueue_ok(client, message("probe", queue="probe"))
    at = probe.due + HOUR
    crowd = [message(f"{n:05}", at=at, priority=levels[n * 7 % len(levels)]) for n in range(CROWD)]
    await env.enqueue_ok(client, *crowd)
    await env.advance(HOUR + env.tolerance)
    order = await env.drain(await env.client(), lease=DAY, limit=1000)
    env.expect(len(order), CROWD, "how many are granted at the instant at which 10,000 are due")
    by_id = {one.id: one for one in crowd}
    priorities = [by_id[id].priority for id in order]
    env.check(priorities == sorted(priorities, reverse=True), f"priorities came as {_runs(priorities)}")
    if env.capabilities.fifo:
        expected = [one.id for one in sorted(crowd, key=_turn)]
        env.check(order == expected, "equals did not come in the order of their acceptance")


def _turn(one: Message) -> tuple[int, str]:
    return -one.priority, one.id


def _runs(values: list[int]) -> str:
    """The order of values, each run of equals once."""
    runs = [value for place, value in enumerate(values) if not place or values[place - 1] != value]
    return f"{runs[:12]}{' ...' if len(runs) > 12 else ''}"


@check("T6")
async def what_is_due_is_not_hidden_behind_what_is_not(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"early {number}", after=DAY) for number in range(3000)))
    await env.enqueue_ok(client, message("a"))
    await env.enqueue_ok(client, *(message(f"late {number}", after=DAY) for number in range(1000)))
    await _is_due(env, client, "of one that is due among 4,000 that are not")


@check("T6", "priority")
async def what_is_due_is_not_hidden_behind_higher_priorities(env: Env) -> None:
    client = await env.client()
    lowest, highest = env.capabilities.priority or (0, 0)
    fields: dict[str, Any] = {"after": DAY, "priority": highest}
    await env.enqueue_ok(client, *(message(f"early {number}", **fields) for number in range(1500)))
    await env.enqueue_ok(client, message("a", priority=lowest))
    await _is_due(env, client, "of one that is due beneath 1,500 of a higher priority that are not")


@check("T6", "clock")
async def what_is_due_is_not_hidden_behind_what_is_leased(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"m{number:04}") for number in range(1500)))
    env.require(len(await env.drain(client, lease=DAY, limit=500)) == 1500, "not all were granted")
    await env.enqueue_ok(client, message("a", after=HOUR))
    await env.advance(HOUR)
    await _is_due(env, client, "of one that is due behind 1,500 that are leased")
