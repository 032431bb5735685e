"""A worker that stops reserving for good when the reply of one reserve was lost, and goes on as if nothing were due."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Any
from unittest import mock

from jobkit.errors import BackendUnavailable
from jobkit.worker.fetcher import Fetcher
from tests.broken.on_a_server import ServerHarness

RULE = "W9"

_complain = Fetcher._log_failure


async def _for_ever(*_: Any) -> None:
    await asyncio.Event().wait()


def _give_up(feed: Fetcher, error: Exception) -> None:
    """Only where the server was there and its reply was not: one that is away is waited for."""
    _complain(feed, error)
    if isinstance(error, BackendUnavailable) and "closed" in str(error).lower():
        setattr(feed, "_reserve", _for_ever)  # noqa: B010 - type checkers want a method to stay what it was


class Harness(ServerHarness):
    def __init__(self) -> None:
        super().__init__()
        self._patches = ExitStack()
        self._patches.enter_context(mock.patch.object(Fetcher, "_log_failure", _give_up))

    def close(self) -> None:
        self._patches.close()
        super().close()
