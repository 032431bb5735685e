"""The plugin, as it is without any option."""

from __future__ import annotations

import os

import pytest

import jobkit
from pytest_jobkit import Jobs

COUNT = int(os.environ["COUNT"])

app = jobkit.App("redis://production.invalid")


@app.job
def add(number: int, text: str) -> int:
    return number + len(text)


@pytest.mark.parametrize("number", range(COUNT))
def test_none(number: int) -> None:
    assert number >= 0


@pytest.mark.parametrize("number", range(COUNT))
def test_one(number: int, jobs: Jobs) -> None:
    add.enqueue(number, "text")
    jobs.perform()
    assert add.call(number, "text") in jobs.performed


def test_many(jobs: Jobs) -> None:
    for number in range(COUNT):
        add.enqueue(number, "text")
    jobs.ignore(add)
