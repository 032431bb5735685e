"""The simulated loop: what happens in which order, what is decided, and what it refuses."""

from __future__ import annotations

import asyncio
import random

import pytest

from jobkit_conformance.simulation.choices import ChoiceSequence
from jobkit_conformance.simulation.loop import Deadlock, SimulatedClock, SimulatedLoop


def run(main: object, *recorded: int, chance: random.Random | None = None) -> ChoiceSequence:
    decisions = ChoiceSequence(recorded, chance)
    loop = SimulatedLoop(decisions)
    loop.run(main(loop))  # type: ignore[operator]
    return decisions


def test_time_passes_only_when_nothing_else_is_left() -> None:
    seen: list[tuple[str, float]] = []

    async def main(loop: SimulatedLoop) -> None:
        async def later(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            seen.append((name, loop.time()))

        await asyncio.gather(later("a day", 86_400), later("a second", 1), later("now", 0))

    run(main)
    assert seen == [("now", 0), ("a second", 1), ("a day", 86_400)]


def test_a_lane_keeps_its_order_and_lanes_overtake_each_other() -> None:
    seen: list[str] = []

    async def main(loop: SimulatedLoop) -> None:
        async def sent(lane: str, name: str) -> None:
            await loop.send(lane, "arrives")
            seen.append(name)

        await asyncio.gather(sent("one", "1"), sent("one", "2"), sent("other", "3"))

    run(main)
    assert seen == ["1", "2", "3"]
    seen.clear()
    run(main, 1)  # of the two that may arrive, the second
    assert seen == ["3", "1", "2"]


def test_what_is_decided_is_a_fate() -> None:
    async def main(loop: SimulatedLoop) -> None:
        fates.append(await loop.send("one", "arrives", "lost"))

    fates: list[str] = []
    run(main)
    run(main, 1)
    assert fates == ["arrives", "lost"]


@pytest.mark.parametrize("seed", range(20))
def test_what_was_taken_leads_to_the_same_play(seed: int) -> None:
    async def main(loop: SimulatedLoop) -> None:
        async def client(name: str) -> None:
            for number in range(4):
                fate = await loop.send(name, "arrives", "lost")
                await asyncio.sleep(number)
                seen.append((name, number, fate, loop.time()))

        await asyncio.gather(*(client(name) for name in "abc"))

    seen: list[tuple[str, int, str, float]] = []
    taken = run(main, chance=random.Random(seed)).taken
    first, seen = seen, []
    assert run(main, *taken).taken == taken
    assert seen == first


def test_in_the_calm_everything_arrives_before_time_passes() -> None:
    async def main(loop: SimulatedLoop) -> None:
        loop.faults_off = True
        async with asyncio.timeout(1):
            assert [await loop.send("one", "arrives", "lost") for _ in range(50)] == ["arrives"] * 50
        assert loop.time() == 0

    assert run(main, chance=random.Random(1)).taken == []


def test_time_may_pass_while_something_is_under_way() -> None:
    async def main(loop: SimulatedLoop) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await loop.send("one", "arrives")

    run(main, 1)


def test_who_waits_for_nothing_is_stuck() -> None:
    async def main(loop: SimulatedLoop) -> None:
        await loop.create_future()

    with pytest.raises(Deadlock, match="everybody waits, and nothing is under way"):
        run(main)


def test_who_spins_is_stuck() -> None:
    async def main(loop: SimulatedLoop) -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(Deadlock, match="it spins"):
        run(main)


def test_threads_are_refused_by_name() -> None:
    async def main(loop: SimulatedLoop) -> None:
        with pytest.raises(RuntimeError, match="in a simulation there are no threads"):
            await asyncio.to_thread(print)

    run(main)


def test_what_nobody_caught_is_kept() -> None:
    async def main(loop: SimulatedLoop) -> None:
        def fail() -> None:
            raise ValueError("x")

        loop.call_soon(fail)
        await asyncio.sleep(1)
        (told,) = loop.unhandled
        assert told.endswith("ValueError: x")

    run(main)


def test_its_clock_goes_with_it() -> None:
    async def main(loop: SimulatedLoop) -> None:
        clock = SimulatedClock(loop, start_ms=1_000)
        await asyncio.sleep(2.5)
        assert clock.now_ms() == 3_500

    run(main)


def test_the_loop_that_ran_before_runs_again() -> None:
    async def main(loop: SimulatedLoop) -> None:
        assert asyncio.get_running_loop() is loop

    async def outer() -> None:
        here = asyncio.get_running_loop()
        run(main)
        assert asyncio.get_running_loop() is here

    asyncio.run(outer())
