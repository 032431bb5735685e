"""https://huey.readthedocs.io/en/latest/guide.html#immediate-mode"""

from __future__ import annotations

import os

import huey
import pytest

COUNT = int(os.environ["COUNT"])

queue = huey.MemoryHuey(immediate=True)


@queue.task()
def add(number: int, text: str) -> int:
    return number + len(text)


@pytest.mark.parametrize("number", range(COUNT))
def test_none(number: int) -> None:
    assert number >= 0


@pytest.mark.parametrize("number", range(COUNT))
def test_one(number: int) -> None:
    assert add(number, "text").get() == number + 4


def test_many() -> None:
    for number in range(COUNT):
        add(number, "text")
