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


async def _is_early(stage: Env, client: RecordingBackend, when: str) -> None:
    found = await client.reserve(["q"], limit=10, lease=MINUTE)
    stage.expect(ids_of(found), [], f"reserve {when}")


async def _is_due(stage: Env, client: RecordingBackend, when: str, *ids: str) -> None:
    """See that these are granted now, and these alone; and be done with them."""
    found = await client.reserve(["q"], limit=10, lease=MINUTE)
    stage.expect(sorted(ids_of(found)), sorted(ids or ("a",)), f"reserve {when}")
    await stage.settled(client, *(Done(delivery.token) for delivery in found))


@check("T1")
async def a_delayed_message_waits_for_its_time(stage: Env) -> None:
    client, other = await stage.clients(2)
    await stage.enqueue_ok(client, message(after=2 * HOUR))
    await _is_early(stage, other, "right after the enqueue")
    await stage.advance(HOUR)
    await _is_early(stage, other, "half way")
    await stage.advance(HOUR - max(1, stage.tolerance))
    await _is_early(stage, client, "just before its time")


@check("T1")
async def an_instant_is_waited_for(stage: Env) -> None:
    client = await stage.client()
    (probe,) = await stage.enqueue_ok(client, message("probe", queue="probe"))
    (outcome,) = await stage.enqueue_ok(client, message(at=probe.due + HOUR + stage.tolerance))
    stage.expect(outcome.due, probe.due + HOUR + stage.tolerance, "the instant at which it says that it is due")
    await stage.advance(HOUR - 1)
    await _is_early(stage, client, "just before its instant")


@check("T1")
async def parts_of_a_second_count(stage: Env) -> None:
    client = await stage.client()
    (probe,) = await stage.enqueue_ok(client, message("probe", queue="probe"))
    await stage.advance(1100 - probe.due % SECOND)
    (begun,) = await stage.enqueue_ok(client, message("a tenth into a second", queue="probe"))
    at = begun.due // SECOND * SECOND + 900
    await stage.enqueue_ok(client, message(at=at))
    found = await client.reserve(["q"], limit=1, lease=MINUTE)
    (ended,) = await stage.enqueue_ok(client, message("still before that", queue="probe"))
    stage.require(ended.due < at, "the store was too slow")
    stage.expect(ids_of(found), [], "reserve in the second in which it is due, and before the instant")


@check("T2")
async def a_delayed_message_comes_at_its_time(stage: Env) -> None:
    client, other = await stage.clients(2)
    await stage.enqueue_ok(client, message(after=2 * HOUR))
    await stage.advance(2 * HOUR)
    await _is_due(stage, other, "at its time")


@check("T2")
async def an_instant_is_met(stage: Env) -> None:
    client = await stage.client()
    (probe,) = await stage.enqueue_ok(client, message("probe", queue="probe"))
    await stage.enqueue_ok(client, message("a", at=probe.due + HOUR), message("b", at=probe.due + 2 * HOUR))
    await stage.advance(HOUR)
    await _is_due(stage, client, "at its instant", "a")


@check("T2")
async def what_is_past_due_is_due_now(stage: Env) -> None:
    client = await stage.client()
    (probe,) = await stage.enqueue_ok(client, message("probe", queue="probe"))
    outcomes = await stage.enqueue_ok(
        client, message("a", at=0), message("b", at=probe.due - HOUR), message("c", after=0)
    )
    stage.check(all(outcome.due <= probe.due + stage.tolerance for outcome in outcomes), f"due times are {outcomes}")
    await _is_due(stage, client, "of messages whose times are past", "a", "b", "c")


@check("T2")
async def what_fell_due_long_ago_is_due(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", after=MINUTE), message("b", after=DAY))
    await stage.advance(YEAR)
    await _is_due(stage, client, "a year later", "a", "b")


@check("T2", "wait")
async def the_clock_of_production_meets_a_time(stage: Env) -> None:
    client = await stage.client(own_time=True)
    begun = time.monotonic()
    await stage.enqueue_ok(client, message(after=50))
    late = 2.0 + stage.capabilities.slack / 1000
    found = await stage.within(client.reserve(["q"], limit=1, lease=MINUTE, wait=20_000), "reserve", within=late)
    stage.expect(ids_of(found), ["a"], "what is granted to one who waits for it")
    stage.check(time.monotonic() - begun >= 0.045, "it came before its time")


@check("T3", "skew")
async def a_wrong_clock_of_a_client_changes_nothing(stage: Env) -> None:
    client = await stage.client()
    for off in (-3600, 3600):
        with host_clock_off_by(off):
            skewed = await stage.client()
            await stage.enqueue_ok(skewed, message(f"retried {off}"))
            (held,) = await stage.reserve_ok(skewed, f"retried {off}", lease=2 * MINUTE)
            await stage.settled(skewed, RetryAt(held.token, after=2 * MINUTE))
            await stage.enqueue_ok(skewed, message(f"later {off}", after=2 * MINUTE))
        await _is_early(stage, client, f"right after the calls of a client whose clock is off by {off} s")
        await stage.advance(2 * MINUTE)
        await _is_due(stage, client, "two minutes later", f"later {off}", f"retried {off}")


@check("T3", "skew")
async def a_lease_does_not_depend_on_a_client_s_clock(stage: Env) -> None:
    client = await stage.client()
    for off in (-3600, 3600):
        with host_clock_off_by(off):
            skewed = await stage.client()
            await stage.enqueue_ok(skewed, message(f"a {off}"))
            await stage.reserve_ok(skewed, f"a {off}", lease=2 * MINUTE)
        await stage.advance(MINUTE)
        await _is_early(stage, client, f"within the lease of a client whose clock is off by {off} s")
        await stage.advance(MINUTE + stage.tolerance)
        await _is_due(stage, client, "after that lease", f"a {off}")


SWITCHES: Final = {
    "America/New_York": datetime(2027, 3, 14, 7, tzinfo=UTC),
    "Europe/Berlin": datetime(2027, 10, 31, 1, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2027, 4, 3, 15, tzinfo=UTC),
}
"""When clocks are put forward or back there."""


@check("T3")
async def daylight_saving_changes_nothing(stage: Env) -> None:
    client = await stage.client()
    for zone, switch in sorted(SWITCHES.items(), key=lambda item: item[1]):
        with host_zone(zone):
            at = int(switch.timestamp() * 1000)
            (probe,) = await stage.enqueue_ok(client, message(f"probe {zone}", queue="probe"))
            await stage.enqueue_ok(
                client, *(message(f"{zone} {half}", at=at + half * HOUR // 2) for half in range(-4, 5))
            )
            await stage.advance(at - 2 * HOUR - probe.due - max(1, stage.tolerance))
            await _is_early(stage, client, f"two hours before the switch in {zone}")
            await stage.advance(max(1, stage.tolerance))
            for half in range(-4, 5):
                await _is_due(stage, client, f"{half} half hours from the switch in {zone}", f"{zone} {half}")
                await stage.advance(HOUR // 2)


@check("T3")
async def from_a_second_to_a_hundred_years(stage: Env) -> None:
    client = await stage.client()
    delays = (MINUTE, 2**31 - MINUTE, 2**31 + MINUTE, 2**32 + MINUTE, YEAR, 100 * YEAR)
    for delay in delays:
        await stage.enqueue_ok(client, message(f"{delay}", after=delay))
    for delay in sorted(delays):
        await stage.advance(delay - stage.moved - max(1, stage.tolerance))
        await _is_early(stage, client, f"just before {delay:,} ms have passed")
        await stage.advance(max(1, stage.tolerance))
        await _is_due(stage, client, f"when {delay:,} ms have passed", f"{delay}")


@check("T3")
async def parts_of_a_second_are_kept(stage: Env) -> None:
    client = await stage.client()
    (probe,) = await stage.enqueue_ok(client, message("probe", queue="probe"))
    wanted = [probe.due + HOUR + part for part in (1, 499, 501, 999, 1001)]
    outcomes = await stage.enqueue_ok(client, *(message(f"{at}", at=at) for at in wanted))
    stage.expect([outcome.due for outcome in outcomes], wanted, "the due times that were resolved")
    if stage.exact:
        for at in wanted:
            await stage.advance(at - probe.due - stage.moved - 1)
            await _is_early(stage, client, "a millisecond before a due time")
            await stage.advance(1)
            await _is_due(stage, client, "at that due time", f"{at}")


@check("T4")
async def a_far_due_time_is_met_once(stage: Env) -> None:
    client, other = await stage.clients(2)
    await stage.enqueue_ok(client, message(after=30 * DAY))
    for _ in range(29):
        await stage.advance(DAY)
        stage.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve on a day before it is due")
    await stage.advance(DAY)
    (held,) = await stage.reserve_ok(client, "a", lease=DAY)
    stage.expect(held.attempt, 1, "the attempt of the first delivery")
    await stage.advance(DAY // 2)
    stage.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "another reserve within the lease")


CROWD: Final = 10_000


@check("T5")
async def thousands_due_at_one_instant_come_in_order(stage: Env) -> None:
    client = await stage.client()
    lowest, highest = stage.capabilities.priority or (0, 0)
    levels = range(lowest, highest + 1)[:10]
    (probe,) = await stage.enqueue_ok(client, message("probe", queue="probe"))
    at = probe.due + HOUR
    crowd = [message(f"{n:05}", at=at, priority=levels[n * 7 % len(levels)]) for n in range(CROWD)]
    await stage.enqueue_ok(client, *crowd)
    await stage.advance(HOUR + stage.tolerance)
    order = await stage.drain(await stage.client(), lease=DAY, limit=1000)
    stage.expect(len(order), CROWD, "how many are granted at the instant at which 10,000 are due")
    by_id = {one.id: one for one in crowd}
    priorities = [by_id[id].priority for id in order]
    stage.check(priorities == sorted(priorities, reverse=True), f"priorities came as {_runs(priorities)}")
    if stage.capabilities.fifo:
        expected = [one.id for one in sorted(crowd, key=_turn)]
        stage.check(order == expected, "equals did not come in the order of their acceptance")


def _turn(one: Message) -> tuple[int, str]:
    return -one.priority, one.id


def _runs(values: list[int]) -> str:
    """The order of values, each run of equals once."""
    runs = [value for place, value in enumerate(values) if not place or values[place - 1] != value]
    return f"{runs[:12]}{' ...' if len(runs) > 12 else ''}"


@check("T6")
async def what_is_due_is_not_hidden_behind_what_is_not(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, *(message(f"early {number}", after=DAY) for number in range(3000)))
    await stage.enqueue_ok(client, message("a"))
    await stage.enqueue_ok(client, *(message(f"late {number}", after=DAY) for number in range(1000)))
    await _is_due(stage, client, "of one that is due among 4,000 that are not")


@check("T6", "priority")
async def what_is_due_is_not_hidden_behind_higher_priorities(stage: Env) -> None:
    client = await stage.client()
    lowest, highest = stage.capabilities.priority or (0, 0)
    fields: dict[str, Any] = {"after": DAY, "priority": highest}
    await stage.enqueue_ok(client, *(message(f"early {number}", **fields) for number in range(1500)))
    await stage.enqueue_ok(client, message("a", priority=lowest))
    await _is_due(stage, client, "of one that is due beneath 1,500 of a higher priority that are not")


@check("T6", "clock")
async def what_is_due_is_not_hidden_behind_what_is_leased(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, *(message(f"m{number:04}") for number in range(1500)))
    stage.require(len(await stage.drain(client, lease=DAY, limit=500)) == 1500, "not all were granted")
    await stage.enqueue_ok(client, message("a", after=HOUR))
    await stage.advance(HOUR)
    await _is_due(stage, client, "of one that is due behind 1,500 that are leased")
