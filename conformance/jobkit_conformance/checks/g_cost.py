"""G, cost: what more jobs cost, in time and in connections."""

from __future__ import annotations

import asyncio
import gc
import statistics
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, TypeVar

from jobkit.backend import Backend, Done, Extension, Message
from jobkit.lifecycle import State
from jobkit_conformance.checks.giving_up import turns
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import DAY, MINUTE, Env, message
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.render.value_source import first_few
from jobkit_conformance.transport.io_hook_loop import IoHookLoop, arrivals

T = TypeVar("T")

AT_ONCE: Final = 10
"""Jobs that go a way together."""
DIGITS: Final = 24
"""By how much a key may grow that nothing is left in: a counter gets longer."""

Way: TypeAlias = Callable[[Env, RecordingBackend, list[str]], Awaitable[None]]


FEW: Final = 1_000
ROUNDS: Final = 9
PARTS: Final = 10
"""Of so many batches three are scheduled and one is leased."""
CALLS: Final = 5
"""Of each verb in one round."""
TRIES: Final = 4
"""How often costs are measured, when they seem to grow: noise only adds."""
MOST_ARRIVALS: Final = 50
"""That are looked at while a client makes its first calls; most need ten."""
CLOSINGS: Final = 2
"""Times that each is tried: on a busy machine several things may come in at once."""
LEAST: Final = 0.002
"""Milliseconds: what costs less can't be told apart."""


class _Loaded:
    """A store with so many jobs in it, and what its verbs cost."""

    def __init__(self, env: Env, backend: Backend) -> None:
        self._env = env
        self._backend = backend
        self._number = 0
        self.costs: dict[str, list[float]] = {}

    async def load(self, jobs: int) -> None:
        """Most of them ready, some scheduled, some leased: few jobs in the same parts as many.

        At two levels only, so that there are many at each even of the few: stores keep what is small another way.
        """
        claims = self._env.capabilities
        levels = sorted(set(claims.priority or (0, 0)))
        size = min(500, claims.max_batch, jobs // PARTS)
        for start in range(0, jobs, size):
            turn = start // size % PARTS
            delay = DAY if turn < 3 and claims.delay else None
            among = [levels[(start + place) % len(levels)] for place in range(size)]
            await self._backend.enqueue([self._message(priority=level, after=delay) for level in among])
            if turn == 5:
                await self._backend.reserve(["q"], limit=size, lease=DAY)

    def _message(self, **fields: Any) -> Message:
        self._number += 1
        return message(f"m{self._number}", body=bytes(20), **fields)

    async def measure(self) -> None:
        """One round of every verb; the number of jobs stays as it is."""
        backend, claims = self._backend, self._env.capabilities
        for _ in range(CALLS):
            await self._count("enqueue", backend.enqueue([self._message() for _ in range(AT_ONCE)]))
            found = await self._count("reserve", backend.reserve(["q"], limit=AT_ONCE, lease=DAY))
            tokens = [delivery.token for delivery in found]
            await self._count("extend", backend.extend([Extension(token, DAY) for token in tokens]))
            await self._count("settle", backend.settle([Done(token) for token in tokens]))
            if claims.inspect:
                await self._count("counts", backend.counts("q"))
            if claims.cancel:
                more = [self._message() for _ in range(AT_ONCE)]
                await backend.enqueue(more)
                await self._count("cancel", backend.cancel([one.id for one in more]))

    async def _count(self, verb: str, call: Awaitable[T]) -> T:
        before = await self._env.harness.cost()
        answer = await call
        self.costs.setdefault(verb, []).append(await self._env.harness.cost() - before)
        return answer


async def _ratios(env: Env, few: _Loaded, many: _Loaded) -> dict[str, float]:
    """How much more each verb costs with many jobs than with few: medians, measured in turns."""
    few.costs.clear()
    many.costs.clear()
    gc.collect()
    gc.disable()  # it would charge the calls for the jobs that wait
    try:
        for _ in range(ROUNDS):
            await few.measure()
            await many.measure()
    finally:
        gc.enable()
    medians = {verb: (statistics.median(few.costs[verb]), statistics.median(many.costs[verb])) for verb in few.costs}
    return {verb: max(more, LEAST) / max(less, LEAST) for verb, (less, more) in medians.items()}


@check("G3")
async def more_jobs_cost_no_more(env: Env) -> None:
    few = _Loaded(env, (await env.client(f"{env.namespace}-few")).backend)
    many = _Loaded(env, (await env.client(f"{env.namespace}-many")).backend)
    await few.load(FEW)
    await many.load(env.profile.backlog)
    worst: dict[str, float] = {}
    for _ in range(TRIES):
        ratios = await _ratios(env, few, many)
        worst = {verb: min(ratio, worst.get(verb, ratio)) for verb, ratio in ratios.items()}
        if max(worst.values()) <= 2:
            return
    grown = {verb: f"{ratio:.1f} times" for verb, ratio in worst.items() if ratio > 2}
    env.fail(f"what verbs cost with {env.profile.backlog:,} jobs, as compared with {FEW:,}: {first_few(grown)}")


@check("G3", "inspect")
async def removing_is_linear(env: Env) -> None:
    backend = (await env.client()).backend
    loaded = _Loaded(env, backend)
    await loaded.load(4 * FEW)
    few, many = AT_ONCE, min(300, env.capabilities.max_batch, env.capabilities.slice)
    best: dict[str, float] = {}
    for turn in range(TRIES):
        costs: dict[int, list[float]] = {}
        for count in (few, many):
            await backend.enqueue([message(f"{turn} {count} {number}", queue="r") for number in range(count)])
            begun = await env.harness.cost()
            await backend.delete([f"{turn} {count} {number}" for number in range(count // 2)])
            middle = await env.harness.cost()
            env.require(await backend.purge("r", State.READY, count) == count - count // 2, "purge did not remove all")
            costs[count] = [max(LEAST, middle - begun) / count, max(LEAST, await env.harness.cost() - middle) / count]
        ratios = {verb: costs[many][place] / costs[few][place] for place, verb in enumerate(("delete", "purge"))}
        best = {verb: min(ratio, best.get(verb, ratio)) for verb, ratio in ratios.items()}
    grown = {verb: f"{ratio:.1f} times" for verb, ratio in best.items() if ratio > 2}
    env.check(not grown, f"what a job costs when {many} are removed, as compared with {few}: {first_few(grown)}")


@check("G4")
async def connections_stay_within_the_declared_number(env: Env) -> None:
    before = await _at_rest(env)
    client = await env.client(own_time=True)
    env.expect(await env.harness.connections(), before, "connections of a client that was not used yet")
    declared = env.capabilities.connections
    most = 0
    wait = {"wait": 30} if env.capabilities.wait else {}
    for turn in range(5):
        calls: list[Awaitable[object]] = [client.reserve(["none"], limit=1, lease=MINUTE, **wait)]
        calls += [client.enqueue([message(f"{turn} {number}")]) for number in range(10)]
        calls += [client.settle([Done("no token")]) for _ in range(10)]
        calls += [client.extend([Extension("no token", MINUTE)]) for _ in range(10)]
        together = asyncio.gather(*calls)
        while not together.done():
            most = max(most, await env.harness.connections() - before)
            await asyncio.sleep(0.001)
        await together
    env.check(most <= declared, f"a client held {most} connections under a worker's calls; declared are {declared}")
    await client.close()
    left = await _settled_down(env, before)
    env.expect(left, before, "connections after the client was closed")


@check("G4")
async def a_client_that_is_closed_right_after_an_answer_leaves_no_connection(env: Env) -> None:
    before = await _at_rest(env)
    async with arrivals() as coming:
        for number in range(1, MOST_ARRIVALS):
            came = [await _leaves_nothing(env, coming, number, moment, before) for moment in (*range(4),) * CLOSINGS]
            if not any(came):
                return  # at the first already, where calls await nothing: then nobody can be closed in the middle


async def _leaves_nothing(env: Env, coming: IoHookLoop, number: int, moment: int, before: int) -> bool:
    """Whether so much came in that it could be seen."""
    env.trace.steps.clear()  # what the clients before did is not needed to see what this one does
    came = await coming.play(_close_after(env, coming, number, moment))
    when = f"{moment} turns of its loop after {number} things had come in"
    env.expect(await _settled_down(env, before), before, f"connections after a client was closed {when}")
    return came


async def _close_after(env: Env, coming: IoHookLoop, number: int, moment: int) -> bool:
    """Whether so much came in before a client's first calls were over, and so it was closed in the middle of them."""
    client = RecordingBackend(await env.harness.open(env.namespace, None), env.trace, "c1")
    env.trace.opened("c1", own_time=True)
    wait = {"wait": 30} if env.capabilities.wait else {}
    calls: list[Awaitable[Any]] = [client.reserve(["none"], limit=1, lease=MINUTE, **wait), client.enqueue([message()])]
    together, arrival = asyncio.gather(*calls, return_exceptions=True), coming.after_nth_read(number)
    waiting: set[asyncio.Future[Any]] = {together, arrival}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    await turns(moment)
    await client.close()
    await env.within(together, "calls whose client was closed")
    return arrival.done()


async def _at_rest(env: Env) -> int:
    """How many connections there are, once nobody is leaving any more: the clients of what was played before."""
    found, same = await env.harness.connections(), 0
    for _ in range(100):
        if same == 3:
            break
        await asyncio.sleep(0.01)
        last, found = found, await env.harness.connections()
        same = same + 1 if found == last else 0
    return found


async def _settled_down(env: Env, wanted: int) -> int:
    """A server takes a moment to notice that somebody has gone."""
    found = await env.harness.connections()
    for _ in range(100):
        if found == wanted:
            break
        await asyncio.sleep(0.01)
        found = await env.harness.connections()
    return found
