"""Hosts that are wrong about the time, as far as this process can tell."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator
from unittest import mock


@contextlib.contextmanager
def host_clock_off_by(seconds: int) -> Generator[None]:
    """Let this process think that it is another time, as one with a wrong clock does."""
    now, now_ns = time.time, time.time_ns

    def wrong() -> float:
        return now() + seconds

    def wrong_ns() -> int:
        return now_ns() + seconds * 10**9

    with mock.patch("time.time", wrong), mock.patch("time.time_ns", wrong_ns):
        yield


@contextlib.contextmanager
def host_zone(name: str) -> Generator[None]:
    """Let this process live in another time zone."""
    try:
        with mock.patch.dict(os.environ, {"TZ": name}):
            time.tzset()
            yield
    finally:
        time.tzset()
