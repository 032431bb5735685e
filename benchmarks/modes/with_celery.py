"""https://docs.celeryq.dev/en/stable/userguide/testing.html, with what most suites do: eager."""

from __future__ import annotations

import os

import celery
import pytest

COUNT = int(os.environ["COUNT"])

app = celery.Celery("benchmark", broker="memory://", backend="cache+memory://")
app.conf.task_always_eager = True
app.conf.task_eager_propagates = True


@app.task
def add(number: int, text: str) -> int:
    return number + len(text)


@pytest.mark.parametrize("number", range(COUNT))
def test_none(number: int) -> None:
    assert number >= 0


@pytest.mark.parametrize("number", range(COUNT))
def test_one(number: int) -> None:
    assert add.delay(number, "text").get() == number + 4


def test_many() -> None:
    for number in range(COUNT):
        add.delay(number, "text")
