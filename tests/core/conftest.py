"""An app that keeps its jobs in a memory of the test's own, where nothing performs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import jobkit
from jobkit import events, redaction
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import Memory
from jobkit.clock import Clock, ManualClock
from jobkit.connections import resolver
from tests.core.stored_jobs import Shelf


@pytest.fixture(autouse=True)
def _as_in_production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No plugin listens, redirects or shows arguments: what is tested here is what a production process does."""
    monkeypatch.setattr(events, "observers", [])
    monkeypatch.delenv(resolver.VARIABLE, raising=False)
    hide = redaction.show_arguments(shown=False)
    leave = resolver.override_backends(None)
    yield
    leave()
    hide()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def app(memory: Memory, clock: ManualClock) -> jobkit.App:
    """Stores in ``memory``, whose time is ``clock``."""

    def factory(url: str | None, namespace: str, _: Clock | None) -> InlineBackend:
        return InlineBackend(memory, clock)

    return jobkit.App(factory)


@pytest.fixture
def heard() -> Iterator[list[events.AnyEvent]]:
    """Every event of the test."""
    found: list[events.AnyEvent] = []
    end = events.observe(found.append)
    yield found
    end()


@pytest.fixture
def shelf(memory: Memory, clock: ManualClock) -> Shelf:
    return Shelf(memory, clock)
