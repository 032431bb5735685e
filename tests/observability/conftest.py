"""An app that keeps its jobs in a memory of the test's own, and is performed by the worker of the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import jobkit
from jobkit.backends.inline import InlineBackend
from jobkit.connections import resolver


@pytest.fixture(autouse=True)
def own_backends() -> Iterator[None]:
    restore = resolver.override_backends(None)
    yield
    restore()


@pytest.fixture
def app() -> jobkit.App:
    memory = InlineBackend()
    return jobkit.App(lambda url, namespace, clock: InlineBackend(memory.memory, clock), prefix="shop:")
