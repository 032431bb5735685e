"""The stores that an operator's command is about: those of an app, or one by its URL."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from jobkit.app import App
from jobkit.backend import Backend, NotFound, Stored
from jobkit.cli.targets import find_app
from jobkit.connections import resolver
from jobkit.connections.resolver import BackendSource
from jobkit.errors import ConfigurationError

BATCH = 100
"""Ids in one call at most, where a backend takes that many."""


@dataclass(frozen=True)
class Store:
    """One backend. ``queues``: those that an app has there, whether they hold jobs or not."""

    name: str
    backend: Backend
    queues: tuple[str, ...] = ()

    async def all_queues(self) -> list[str]:
        return sorted({*self.queues, *await self.backend.queues()})

    async def find(self, ids: Sequence[str]) -> dict[str, Stored]:
        """Those of these jobs that are here."""
        found: dict[str, Stored] = {}
        for some in batches(self.backend, ids):
            got = await self.backend.get(some)
            found |= {id: each for id, each in zip(some, got, strict=True) if not isinstance(each, NotFound)}
        return found


def batches(backend: Backend, ids: Sequence[str]) -> list[Sequence[str]]:
    size = min(BATCH, backend.capabilities.max_batch)
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def declare(parser: argparse.ArgumentParser) -> None:
    """Where the jobs are: the same words for every command."""
    group = parser.add_argument_group("where the jobs are")
    place = group.add_mutually_exclusive_group()
    place.add_argument("--app", "-a", metavar="MODULE:APP", help="an app's stores, such as shop.jobs:app")
    place.add_argument("--backend", "-b", metavar="URL", help="a store, such as redis://localhost (JOBKIT_BACKEND)")
    group.add_argument("--namespace", metavar="NAME", help="in the store of --backend (the URL's, or jobkit)")


def app_of(stated: argparse.Namespace) -> App | None:
    return None if stated.app is None else find_app(stated.app)


@asynccontextmanager
async def opened(stated: argparse.Namespace) -> AsyncGenerator[list[Store], None]:
    """The stores, closed at the end."""
    stores = [Store(str(source), source.open(), queues) for source, queues in _sources(stated)]
    try:
        yield stores
    finally:
        await asyncio.gather(*(store.backend.close() for store in stores))


def _sources(stated: argparse.Namespace) -> list[tuple[BackendSource, tuple[str, ...]]]:
    app = app_of(stated)
    if app is not None:
        if stated.namespace is not None:
            raise ConfigurationError("--namespace goes with --backend: an app says itself where its jobs are")
        found = [(clients.source, tuple(queues)) for clients, queues in app.by_source().items()]
    else:
        url = stated.backend or os.environ.get(resolver.VARIABLE)
        if not url:
            raise ConfigurationError(
                "where are the jobs? Say --app shop.jobs:app or --backend redis://localhost, "
                f"or set {resolver.VARIABLE}"
            )
        found = [(resolver.find(url, stated.namespace or "jobkit"), ())]
    for source, _ in found:
        if source.embedded:
            raise ConfigurationError(f"{source} is the memory of another process, where nobody else can look")
    return found


def running(
    main: Callable[[list[Store], argparse.Namespace], Coroutine[Any, Any, int]],
) -> Callable[[argparse.Namespace], int]:
    """A command that is handed its stores: what ``set_defaults(run=...)`` takes."""

    async def run(stated: argparse.Namespace) -> int:
        async with opened(stated) as stores:
            return await main(stores, stated)

    return lambda stated: asyncio.run(run(stated))
