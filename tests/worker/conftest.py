"""Workers perform for real here, so apps keep their jobs where they say and not where the test run says."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import jobkit
from jobkit import events
from jobkit.backends.inline import InlineBackend
from jobkit.connections import resolver
from tests.worker.isolated_shop import Shop
from tests.worker.recorder import Recorder


@pytest.fixture(autouse=True)
def own_backends() -> Iterator[None]:
    restore = resolver.override_backends(None)
    yield
    restore()


@pytest.fixture
async def backend() -> AsyncIterator[InlineBackend]:
    backend = InlineBackend()
    yield backend
    await backend.close()


@pytest.fixture
def app(backend: InlineBackend) -> jobkit.App:
    """An app whose jobs nobody performs but the worker of the test."""
    return jobkit.App(lambda url, namespace, clock: InlineBackend(backend.memory, clock))


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    recorder = Recorder()
    stop = events.observe(recorder)
    yield recorder
    stop()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    name = f"isolated_{tmp_path.name.replace('-', '_')}"
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield Shop(tmp_path, name)
    sys.modules.pop(name, None)
