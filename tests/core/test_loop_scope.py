"""What is tied to its event loop's end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from jobkit.connections import loop_scope as module
from jobkit.connections.loop_scope import close_with_loop


async def waits(log: list[str]) -> AsyncGenerator[None]:
    log.append("begun")
    try:
        yield
    finally:
        await asyncio.sleep(0)
        log.append(f"ended, loop {'open' if asyncio.get_running_loop().is_running() else 'closed'}")


def test_it_begins_at_once_and_ends_while_the_loop_is_still_there() -> None:
    log: list[str] = []

    async def main() -> None:
        close_with_loop(waits(log))
        assert log == ["begun"]

    asyncio.run(main())
    assert log == ["begun", "ended, loop open"]


async def test_it_may_end_earlier() -> None:
    log: list[str] = []
    await close_with_loop(waits(log)).aclose()
    assert log == ["begun", "ended, loop open"]


def kept() -> int:
    """How many are kept once the next one comes."""

    async def another() -> None:
        await close_with_loop(waits([])).aclose()

    asyncio.run(another())
    return len(module._kept)


def test_what_has_ended_is_kept_no_longer() -> None:
    assert kept() == kept()


def test_nor_what_a_loop_that_was_torn_down_badly_left_behind() -> None:
    async def main() -> None:
        close_with_loop(waits([]))

    before = kept()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    assert kept() == before


async def test_what_waits_before_it_yields_is_a_mistake() -> None:
    async def hasty() -> AsyncGenerator[None]:
        await asyncio.sleep(0)
        yield

    generator = hasty()
    with pytest.raises(AssertionError, match="yields before it waits"):
        close_with_loop(generator)
