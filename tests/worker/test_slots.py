"""What is free, and what a job needs."""

from __future__ import annotations

import asyncio

from jobkit.worker.slots import Slots


async def test_no_more_are_taken_than_the_smallest_pool_has() -> None:
    slots = Slots(10, {"threads": 2})
    assert await slots.take(5) == 2
    waiting = asyncio.create_task(slots.take(5))
    await asyncio.sleep(0)
    assert not waiting.done(), "both places are taken, whatever else is free"
    slots.keep(None)
    assert await waiting == 1, "an asynchronous job gave its thread back at once"


async def test_a_place_is_given_back_with_its_slot() -> None:
    slots = Slots(2, {"threads": 1})
    assert await slots.take(2) == 1
    slots.keep("threads")
    slots.give_back("threads")
    assert await slots.take(2) == 1
    slots.release(1)
    assert (slots.taken, await slots.take(2)) == (0, 1)


async def test_without_pools_slots_are_all_there_is() -> None:
    slots = Slots(3)
    assert await slots.take(2) == 2
    slots.keep("threads")
    slots.give_back("threads")
    assert await slots.take(9) == 2
