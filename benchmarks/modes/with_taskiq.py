"""https://taskiq-python.github.io/guide/testing-taskiq.html"""

from __future__ import annotations

import os

import pytest
from taskiq import InMemoryBroker

COUNT = int(os.environ["COUNT"])

broker = InMemoryBroker()


@broker.task
async def add(number: int, text: str) -> int:
    return number + len(text)


@pytest.mark.parametrize("number", range(COUNT))
def test_none(number: int) -> None:
    assert number >= 0


@pytest.mark.parametrize("number", range(COUNT))
async def test_one(number: int) -> None:
    task = await add.kiq(number, "text")
    result = await task.wait_result(check_interval=0.0001)
    assert result.return_value == number + 4


async def test_many() -> None:
    for number in range(COUNT):
        await add.kiq(number, "text")
    await broker.wait_all()
