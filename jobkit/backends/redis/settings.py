"""What a URL says about a Redis backend, and what the backend claims because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio.connection import parse_url

from jobkit.backend import Capabilities
from jobkit.errors import ConfigurationError
from jobkit.privacy import without_password

DURABLE = ("process", "fsync", "replicated")
OPTIONS = ("durable", "slack", "timeout")

PAUSES = (0.0, 0.05, 0.2)
"""Seconds before each further try of a call whose connection was lost."""


@dataclass(frozen=True)
class Settings:
    """``where``: for people, without the password. ``url``: for redis-py. Times are milliseconds."""

    where: str
    url: str = field(repr=False)
    durable: Literal["process", "fsync", "replicated"] | None = None
    shared: bool = True
    slack: int = 2_000
    timeout: int = 5_000

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            delay=True,
            priority=(0, 9),
            keys=True,
            remember=True,
            dead_letters=True,
            cancel=True,
            inspect=True,
            wait=True,
            pause=False,
            checkpoints=False,
            cells=False,
            results=False,
            fifo=True,
            durable=self.durable,
            shared=self.shared,
            max_body=1 << 20,
            max_batch=1_000,
            max_batch_bytes=8 << 20,
            slice=1_000,
            timeout=self.timeout,
            repeat_window=10 * self.timeout,
            slack=self.slack,
            resolution=1,
            retention=None,
            connections=2,
        )


def read(url: str) -> Settings:
    """Read a URL; `ConfigurationError` says what is wrong with it, without the password.

    ``durable=process|fsync|replicated`` claims what the server's persistence is set up for; ``slack`` and
    ``timeout`` are milliseconds. Every other option goes to redis-py.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    own = {name: value for name, value in pairs if name in OPTIONS}
    rest = urlencode([(name, value) for name, value in pairs if name not in OPTIONS])
    where = without_password(url)
    bare = urlunsplit(parts._replace(query=rest))
    try:
        parse_url(bare)
    except ValueError as error:
        raise ConfigurationError(f"{where} is no URL of a Redis server: {error}") from None
    durable = own.get("durable")
    if durable is not None and durable not in DURABLE:
        raise ConfigurationError(f"{where}: durable is one of {', '.join(DURABLE)}, not {durable!r}")
    return Settings(
        where=where,
        url=bare,
        durable=cast(Any, durable),
        slack=_milliseconds(where, own, "slack", 2_000),
        timeout=_milliseconds(where, own, "timeout", 5_000),
    )


def _milliseconds(where: str, own: Mapping[str, str], name: str, default: int) -> int:
    value = own.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 3_600_000:
        raise ConfigurationError(f"{where}: {name} is 1 to 3,600,000 milliseconds, not {value!r}")
    return int(value)
