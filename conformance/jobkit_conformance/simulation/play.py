"""Plays one scenario on one backend, and gives back what happened."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from jobkit.backend import Backend, Dead, Delivery, Done, Extension, Message, Release, RetryAt, Settlement
from jobkit.errors import BackendUnavailable
from jobkit_conformance.answers import Malformed
from jobkit_conformance.broken import Broken
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.simulation.decisions import Decisions
from jobkit_conformance.simulation.history import Call, History, Witness
from jobkit_conformance.simulation.loop import SimulatedClock, SimulatedLoop, Stuck
from jobkit_conformance.simulation.scenario import (
    SECOND,
    Cancel,
    Delete,
    End,
    Keep,
    Put,
    Requeue,
    Rest,
    Scenario,
    Step,
    Take,
)
from jobkit_conformance.simulation.wire import Distant, SimulatedWire

QUEUE: Final = "q"
LONG: Final = 30 * SECOND
"""After it every lease has run out and everything is due."""
AT_ONCE: Final = 10
REST: Final = "rest"
"""Who looks after what is left."""

_WHOSE: Final = {
    "enqueue": "E1",
    "reserve": "R2",
    "settle": "L5",
    "extend": "L7",
    "cancel": "X1",
    "requeue": "S6",
    "delete": "I3",
}
"""The rule that a verb breaks when it raises, or answers, what no verb may."""


@dataclass
class Played:
    """``scenario`` holds the decisions that were taken; ``broken`` what went wrong already while it was played."""

    scenario: Scenario
    history: History
    start_ms: int
    fates: list[int]
    """The places of the decisions about what became of a parcel."""
    broken: Broken | None = None


def play(harness: BackendHarness, scenario: Scenario, namespace: str, chance: random.Random | None = None) -> Played:
    """Play a scenario. Without ``chance`` what was not decided goes as it should."""
    decisions = Decisions(scenario.decisions, chance)
    loop = SimulatedLoop(decisions)
    clock = SimulatedClock(loop)
    history, start_ms = History(clock), clock.now_ms()
    world = _World(harness, namespace, loop, history, faulty=scenario.faulty)
    broken = None
    try:
        loop.run(world.main(scenario.scripts))
    except Broken as found:
        broken = found
    except Stuck as stuck:
        broken = _hung(history, stuck)
    if broken is None and loop.unhandled:
        broken = Broken("C2", f"nobody caught {loop.unhandled[0]}")
    return Played(
        structs.replace(scenario, decisions=_trimmed(decisions.taken)), history, start_ms, decisions.fates, broken
    )


def _trimmed(decisions: Sequence[int]) -> list[int]:
    """Without the plain cases at the end, which need not be written down."""
    length = len(decisions)
    while length and decisions[length - 1] == 0:
        length -= 1
    return list(decisions[:length])


def _hung(history: History, stuck: Stuck) -> Broken:
    pending = [call for call in history.calls if call.ended is None]
    verb = pending[0].verb if pending else "reserve"
    who = f"{pending[0].client}'s {verb} has no answer" if pending else "the backend's own tasks have no end"
    return Broken("R2" if verb == "reserve" else "D6", f"{who}: {stuck}")


@dataclass
class _Hand:
    """One client, with what it was granted so far."""

    name: str
    backend: Backend
    died: asyncio.Future[None]
    granted: list[Delivery] = field(default_factory=list[Delivery])


class _World:
    def __init__(
        self, harness: BackendHarness, namespace: str, loop: SimulatedLoop, history: History, *, faulty: bool
    ) -> None:
        self._harness = harness
        self._namespace = namespace
        self._loop = loop
        self._history = history
        self._faulty = faulty
        self._hands: list[_Hand] = []

    async def main(self, scripts: Sequence[Sequence[Step]]) -> None:
        try:
            for number in range(len(scripts)):
                await self._open(f"c{number + 1}")
            scenes = [self._live(hand, script) for hand, script in zip(tuple(self._hands), scripts, strict=True)]
            await asyncio.gather(*scenes)
            await self._settle_down()
        finally:
            self._loop.calm = True
            for hand in self._hands:
                if not hand.died.done():
                    await hand.backend.close()
            await self._harness.wipe(self._namespace)

    async def _open(self, name: str) -> _Hand:
        clock = self._history.clock
        wire = SimulatedWire(self._loop, self._history, name, faulty=self._faulty)
        if self._harness.offers("simulate"):
            backend: Backend = Witness(await self._harness.simulate(self._namespace, clock, wire), self._history, name)
        else:
            witness = Witness(await self._harness.open(self._namespace, clock), self._history, name)
            backend = Distant(witness, wire)
        hand = _Hand(name, backend, wire.died)
        self._hands.append(hand)
        return hand

    async def _settle_down(self) -> None:
        """Nothing goes amiss any more, and one client performs what is left."""
        self._loop.calm = True
        await asyncio.sleep(LONG / 1000)
        self._history.calm_down()
        hand = await self._open(REST)
        try:
            for _ in range(2):
                while found := await hand.backend.reserve([QUEUE], limit=AT_ONCE, lease=SECOND):
                    await hand.backend.settle([Done(delivery.token) for delivery in found])
                await asyncio.sleep(LONG / 1000)
        except Exception as error:
            raise self._broken(hand, error) from error

    async def _live(self, hand: _Hand, script: Sequence[Step]) -> None:
        """Follow a script to its end, or until the client dies."""
        acting = self._loop.create_task(self._act(hand, script))
        await asyncio.wait([acting, hand.died], return_when=asyncio.FIRST_COMPLETED)
        if acting.done():
            acting.result()

    async def _act(self, hand: _Hand, script: Sequence[Step]) -> None:
        for step in script:
            try:
                await self._do(hand, step)
            except (BackendUnavailable, TimeoutError):
                continue  # written down where it happened
            except Exception as error:
                raise self._broken(hand, error) from error

    def _broken(self, hand: _Hand, error: Exception) -> Broken:
        """What it breaks that a verb ended in this."""
        call = self._last(hand.name)
        seen = str(error) if isinstance(error, Malformed) else f"{call.verb} raised {type(error).__name__}: {error}"
        if isinstance(error, BackendUnavailable):
            return Broken("D2", f"nothing gets lost any more, and {seen}")
        return Broken(_WHOSE[call.verb], seen)

    def _last(self, client: str) -> Call:
        return next(call for call in reversed(self._history.calls) if call.client == client)

    async def _do(self, hand: _Hand, step: Step) -> None:  # noqa: C901 - a case a step
        match step:
            case Put():
                await self._put(hand, step)
            case Take():
                patience = None if step.patience is None else step.patience / 1000
                async with asyncio.timeout(patience):
                    hand.granted += await hand.backend.reserve(
                        [QUEUE], limit=step.limit, lease=step.lease, wait=step.wait
                    )
            case End():
                if delivery := _ago(hand, step.ago):
                    await hand.backend.settle([_settlement(delivery, step)])
            case Keep():
                if delivery := _ago(hand, step.ago):
                    await hand.backend.extend([Extension(delivery.token, step.lease)])
            case Rest():
                await asyncio.sleep(step.milliseconds / 1000)
            case Cancel():
                await hand.backend.cancel([step.id])
            case Requeue():
                await hand.backend.requeue([step.id])
            case Delete():
                await hand.backend.delete([step.id])

    async def _put(self, hand: _Hand, step: Put) -> None:
        message = Message(step.id, QUEUE, b"x", priority=step.priority, after=step.after, key=step.key)
        try:
            await hand.backend.enqueue([message])
        except BackendUnavailable:
            if not step.again:
                raise
            await hand.backend.enqueue([message])


def _ago(hand: _Hand, ago: int) -> Delivery | None:
    return hand.granted[-1 - ago] if ago < len(hand.granted) else None


def _settlement(delivery: Delivery, step: End) -> Settlement:
    match step.how:
        case "retry":
            return RetryAt(delivery.token, after=step.after)
        case "release":
            return Release(delivery.token)
        case "dead":
            return Dead(delivery.token, "why")
        case _:
            return Done(delivery.token)
