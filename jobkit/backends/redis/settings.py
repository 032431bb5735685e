"""What a URL says about a Redis backend, and what the backend claims because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from jobkit.backend import Capabilities
from jobkit.backends.redis.urls import Nodes, ParsedUrl, parse_url
from jobkit.errors import ConfigurationError

DURABLE = ("process", "fsync", "replicated")
OPTIONS = ("durable", "slack", "timeout", "wait_replicas", "wait_timeout")

MAX_BATCH_BYTES: Final = 8 << 20
"""Of one enqueue, and of one reserve's answer unless it has a single job: what is on its way for longer than a verb may
take would never arrive, and cost each of its jobs an attempt."""

PAUSES: Final = (0.0, 0.05, 0.2)
"""Seconds before each further try of a call whose connection was lost, or which was refused for now."""
FAILOVER_PAUSES: Final = (0.0, 0.02, 0.05, 0.1, *[0.2] * 10, *[0.5] * 100)
"""Where another server takes over by itself, it is worth waiting for, as long as there is time."""


@dataclass(frozen=True)
class Settings:
    """``where``: for people, without the password. ``url``: for redis-py; with ``nodes`` all but the address.

    Times are milliseconds. ``wait_replicas``: how many have to acknowledge what a verb wrote, within ``wait_timeout``.
    """

    where: str
    url: str = field(repr=False)
    nodes: Nodes | None = field(default=None, repr=False)
    durable: Literal["process", "fsync", "replicated"] | None = None
    shared: bool = True
    slack: int = 2_000
    timeout: int = 5_000
    wait_replicas: int = 0
    wait_timeout: int = 1_000

    @property
    def pauses(self) -> tuple[float, ...]:
        return PAUSES if self.nodes is None else FAILOVER_PAUSES

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
            pause=True,
            checkpoints=True,
            cells=True,
            results=False,
            fifo=True,
            durable=self.durable,
            shared=self.shared,
            max_body=1 << 20,
            max_batch=1_000,
            max_batch_bytes=MAX_BATCH_BYTES,
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

    ``durable=process|fsync`` claims what the server's persistence is set up for. ``wait_replicas`` lets every verb wait
    for so many acknowledgements, at most ``wait_timeout``, and claims ``replicated``. Times are milliseconds. Every
    other option goes to redis-py.
    """
    place = parse_url(url, OPTIONS)
    where, own = place.where, place.own
    timeout = _number(where, own, "timeout", 5_000)
    wait_replicas = _number(where, own, "wait_replicas", 0, most=100, unit="replicas")
    wait_timeout = _number(where, own, "wait_timeout", min(1_000, timeout // 2))
    if wait_timeout >= timeout:
        raise ConfigurationError(f"{where}: wait_timeout={wait_timeout} leaves no time within timeout={timeout}")
    return Settings(
        where=where,
        url=place.url,
        nodes=place.nodes,
        durable=_durable(place, wait_replicas),
        slack=_number(where, own, "slack", 2_000),
        timeout=timeout,
        wait_replicas=wait_replicas,
        wait_timeout=wait_timeout,
    )


def _durable(place: ParsedUrl, wait_replicas: int) -> Literal["process", "fsync", "replicated"] | None:
    """Who waits for replicas claims that; nobody else can, since a server answers before its replicas have anything."""
    durable = place.own.get("durable", "replicated" if wait_replicas else None)
    if durable is not None and durable not in DURABLE:
        raise ConfigurationError(f"{place.where}: durable is one of {', '.join(DURABLE)}, not {durable!r}")
    if durable == "replicated" and not wait_replicas:
        raise ConfigurationError(f"{place.where}: durable=replicated needs wait_replicas=1 or more")
    level: Any = durable
    return cast("Literal['process', 'fsync', 'replicated'] | None", level)


def _number(
    where: str, own: Mapping[str, str], name: str, default: int, *, most: int = 3_600_000, unit: str = "milliseconds"
) -> int:
    value = own.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        raise ConfigurationError(f"{where}: {name} is 1 to {most:,} {unit}, not {value!r}")
    return int(value)
