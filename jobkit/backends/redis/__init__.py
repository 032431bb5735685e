"""The Redis backend: durable as the server is, shared between processes, every verb one step."""

from __future__ import annotations

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.settings import read
from jobkit.clock import Clock

__all__ = ["RedisBackend", "factory"]


def factory(url: str | None, namespace: str, clock: Clock | None) -> RedisBackend:
    """A client of the server at a URL; nothing is opened before its first use."""
    return RedisBackend(read(url or "redis://localhost"), namespace, clock)
