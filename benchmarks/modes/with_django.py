"""https://docs.djangoproject.com/en/stable/topics/tasks/: the backend for tests, which records."""

from __future__ import annotations

import os

import django
import pytest
from django.conf import settings

COUNT = int(os.environ["COUNT"])

settings.configure(
    INSTALLED_APPS=["django_tasks"], TASKS={"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
)
django.setup()

from django_tasks import default_task_backend, task  # noqa: E402 - only once there are settings


@task()
def add(number: int, text: str) -> int:
    return number + len(text)


@pytest.fixture
def results() -> list[object]:
    default_task_backend.clear()
    return default_task_backend.results


@pytest.mark.parametrize("number", range(COUNT))
def test_none(number: int) -> None:
    assert number >= 0


@pytest.mark.parametrize("number", range(COUNT))
def test_one(number: int, results: list[object]) -> None:
    add.enqueue(number, "text")
    assert len(results) == 1


def test_many(results: list[object]) -> None:
    for number in range(COUNT):
        add.enqueue(number, "text")
