"""W, recurring: each tick once, whoever enqueues it, and whoever is lost while doing so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, TypeVar
from zoneinfo import ZoneInfo

from jobkit.app import App
from jobkit.backend import (
    Backend,
    Capabilities,
    Delivery,
    Done,
    EnqueueOutcome,
    ExtendOutcome,
    Extension,
    Message,
    Settlement,
    SettleOutcome,
)
from jobkit.schedule.recurring import Recurring
from jobkit.schedule.triggers import Daily, Every, Missed, Schedule
from jobkit_conformance.checks.hosts import host_zone
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, Env
from jobkit_conformance.history.recording import RecordingBackend

if TYPE_CHECKING:
    from jobkit.worker import Worker

T = TypeVar("T")

LONG_AGO: Final = datetime(2021, 1, 1, tzinfo=UTC)
"""Where schedulers here begin: what they enqueue is due, whatever the store's clock says."""
MINUTELY: Final = Every(timedelta(minutes=1))


class Crashed(Exception):
    """This scheduler is no more."""


@dataclass
class Fate:
    """What happens to a scheduler. ``dies_at``: with which of its calls; ``done``: once that had its effect.

    ``held``: it is stopped in front of each enqueue until this is set.
    """

    dies_at: int = 0
    done: bool = False
    held: asyncio.Event | None = None
    calls: int = 0


class Mortal(Backend):
    """A client whose caller may die of any call."""

    def __init__(self, client: RecordingBackend, fate: Fate) -> None:
        self._client = client
        self._fate = fate

    @property
    def capabilities(self) -> Capabilities:
        return self._client.capabilities

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        if self._fate.held is not None:
            await self._fate.held.wait()
        return await self._call(lambda: self._client.enqueue(messages))

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        return await self._call(lambda: self._client.cell_get(name))

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        return await self._call(lambda: self._client.cell_set(name, value, expected_version))

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        return await self._client.reserve(queues, limit=limit, lease=lease, wait=wait)

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return await self._client.settle(settlements)

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return await self._client.extend(extensions)

    async def close(self) -> None:
        """The environment closes its clients."""

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        self._fate.calls += 1
        if self._fate.calls == self._fate.dies_at and not self._fate.done:
            raise Crashed
        answer = await call()
        if self._fate.calls == self._fate.dies_at:
            raise Crashed
        return answer


class Troupe:
    """Schedulers, each as in a process of its own, and whoever performs what they enqueue."""

    def __init__(self, env: Env, performer: RecordingBackend) -> None:
        self._env = env
        self._performer = performer
        self._apps: list[App] = []
        self.ticks: list[str] = []
        """The ids of what was performed."""

    async def hire(
        self, schedule: Schedule, *, name: str = "report", missed: Missed = "all", fate: Fate | None = None
    ) -> Worker:
        client = await self._env.client()
        app = App(lambda url, namespace, clock: Mortal(client, fate or Fate()))
        self._apps.append(app)
        job = app.job(name="report")(_report)
        return self._env.harness.worker(app, recurring=[Recurring(name, job.call(), schedule, missed)])

    async def perform(self) -> None:
        """Perform what is there, in no time at all."""
        while found := await self._performer.reserve(["default"], limit=10, lease=HOUR):
            self.ticks += [delivery.message.id for delivery in found]
            await self._env.settled(self._performer, *(Done(delivery.token) for delivery in found))

    def expect(self, instants: Iterable[datetime], what: str, name: str = "report") -> None:
        """That what was performed are these ticks, each once."""
        counts = Counter(self.ticks)
        twice = sorted(id for id, count in counts.items() if count > 1)
        self._env.check(not twice, f"{what}: performed twice: {', '.join(twice)}")
        wanted = [f"{name}@{tick.isoformat(timespec='milliseconds')}" for tick in instants]
        self._env.expect(sorted(id for id in self.ticks if id.startswith(f"{name}@")), wanted, what)

    async def close(self) -> None:
        for app in self._apps:
            await app.aclose()


async def _report() -> None:
    """Nobody performs it here."""


@asynccontextmanager
async def troupe(env: Env) -> AsyncGenerator[Troupe]:
    """Schedulers for one play."""
    troupe = Troupe(env, await env.client())
    try:
        yield troupe
    finally:
        await troupe.close()


def _minutes(first: int, last: int) -> list[datetime]:
    return [LONG_AGO + timedelta(minutes=number) for number in range(first, last + 1)]


@check("W11")
async def many_schedulers_enqueue_each_tick_once(env: Env) -> None:
    async with troupe(env) as all:
        workers = [await all.hire(MINUTELY) for _ in range(4)]
        for half_minutes in range(21):
            now = LONG_AGO + timedelta(seconds=30 * half_minutes)
            await asyncio.gather(*(worker.scheduler.turn(now) for worker in workers))
            await all.perform()
        all.expect(_minutes(1, 10), "what four schedulers enqueue in ten minutes, each minute")


@check("W11")
async def who_crashes_loses_no_tick_and_repeats_none(env: Env) -> None:
    async with troupe(env) as all:
        names: list[str] = []
        for call in range(1, 6):
            for done in (False, True):
                name = f"lost with call {call}{', done' if done else ''}"
                names.append(name)
                lost = await all.hire(MINUTELY, name=name, fate=Fate(dies_at=call, done=done))
                other = await all.hire(MINUTELY, name=name)
                for now in _minutes(0, 2):
                    for worker in (lost, other):
                        await _until_it_is_lost(worker, now)
                        await all.perform()
        for name in names:
            all.expect(_minutes(1, 2), f"what two schedulers enqueue, one of them {name}", name)


async def _until_it_is_lost(worker: Worker, now: datetime) -> None:
    try:
        await worker.scheduler.turn(now)
    except Crashed:
        return


@check("W11")
async def who_was_held_up_repeats_no_tick(env: Env) -> None:
    async with troupe(env) as all:
        go_on = asyncio.Event()
        slow, quick = await all.hire(MINUTELY, fate=Fate(held=go_on)), await all.hire(MINUTELY)
        await quick.scheduler.turn(LONG_AGO)
        late = await env.waiting(slow.scheduler.turn(_minutes(0, 1)[-1]))
        for now in _minutes(1, 3):
            await quick.scheduler.turn(now)
            await all.perform()
        if env.moves:
            await env.advance(12 * HOUR)
        go_on.set()
        await late
        await all.perform()
        all.expect(_minutes(1, 3), "what two schedulers enqueue, one of which was held up for long with the first tick")


@check("W11")
async def what_was_missed_is_enqueued_as_declared(env: Env) -> None:
    async with troupe(env) as all:
        each, latest = await all.hire(MINUTELY, name="all"), await all.hire(MINUTELY, name="latest", missed="latest")
        for now in (LONG_AGO, _minutes(0, 250)[-1], _minutes(0, 251)[-1]):
            for worker in (each, latest):
                await worker.scheduler.turn(now)
                await worker.scheduler.turn(now)
            await all.perform()
        all.expect(_minutes(1, 251), "what is enqueued after four hours without a scheduler, all of it wanted", "all")
        all.expect(_minutes(250, 251), "what is enqueued after four hours, the latest wanted", "latest")


@dataclass(frozen=True)
class Switch:
    """The ticks, in UTC, of the four days about a change of a zone's clocks."""

    zone: str
    at: time
    ticks: tuple[str, ...]


SWITCHES: Final = (
    Switch(
        "Europe/Berlin",
        time(2, 30),  # left out on the 28th
        ("2021-03-27T01:30Z", "2021-03-28T01:30Z", "2021-03-29T00:30Z", "2021-03-30T00:30Z"),
    ),
    Switch(
        "America/New_York",
        time(1, 30),  # twice on the 7th
        ("2021-11-06T05:30Z", "2021-11-07T05:30Z", "2021-11-08T06:30Z", "2021-11-09T06:30Z"),
    ),
    Switch(
        "Australia/Lord_Howe",
        time(2, 15),  # left out on the 3rd, by half an hour
        ("2021-10-01T15:45Z", "2021-10-02T15:45Z", "2021-10-03T15:15Z", "2021-10-04T15:15Z"),
    ),
)


@check("W11")
async def the_clocks_change_and_each_day_has_its_tick(env: Env) -> None:
    for switch in SWITCHES:
        ticks = [datetime.fromisoformat(tick) for tick in switch.ticks]
        with host_zone(switch.zone):
            async with troupe(env) as all:
                schedule = Daily(switch.at, ZoneInfo(switch.zone))
                workers = [await all.hire(schedule, name=switch.zone) for _ in range(2)]
                now = ticks[0] - timedelta(hours=12)
                while now <= ticks[-1]:
                    await asyncio.gather(*(worker.scheduler.turn(now) for worker in workers))
                    await all.perform()
                    now += timedelta(minutes=15)
                what = f"what recurs each day at {switch.at} in {switch.zone}, about a change of its clocks"
                all.expect(ticks, what, switch.zone)
