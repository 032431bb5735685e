"""What a URL says about a SQLite backend, and what the backend claims because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote

from jobkit.backend import Capabilities
from jobkit.errors import ConfigurationError

LEVELS: Final[Mapping[str, Literal["process", "fsync"]]] = {"process": "process", "fsync": "fsync"}
OPTIONS: Final = ("durable", "slack", "timeout")
HOW: Final = "sqlite:///jobs.db is a file beside the program, sqlite:////var/lib/app/jobs.db one by its full path"


@dataclass(frozen=True)
class Settings:
    """``path``: absolute, so that a later ``chdir`` changes nothing. Times are milliseconds."""

    path: str
    durable: Literal["process", "fsync"] = "fsync"
    slack: int = 200
    timeout: int = 5_000

    @property
    def poll(self) -> float:
        """Seconds between two looks for what other processes did: twice within the slack."""
        return self.slack / 2000

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
            shared=True,
            max_body=1 << 20,
            max_batch=1_000,
            max_batch_bytes=8 << 20,
            slice=1_000,
            timeout=self.timeout,
            # E4 asks for little here: inside a process no reply gets lost. A step was committed or it was not, the
            # caller hears which, and only what was rolled back is ever tried again.
            repeat_window=0,
            slack=self.slack,
            resolution=1,
            retention=None,
            connections=1,
        )


def read(url: str) -> Settings:
    """Read a URL; `ConfigurationError` says what is wrong with it, and what would be right.

    ``durable=process`` is quicker, and what was accepted last may be lost with the power (never with a process);
    ``slack`` and ``timeout`` are milliseconds.
    """
    place, _, query = url.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(options.keys() - set(OPTIONS)):
        raise ConfigurationError(f"{place}: no option {unknown[0]!r}; there are {', '.join(OPTIONS)}")
    durable = LEVELS.get(options.get("durable", "fsync"))
    if durable is None:
        raise ConfigurationError(f"{place}: durable is one of {', '.join(LEVELS)}, not {options['durable']!r}")
    return Settings(
        path=str(_path(place)),
        durable=durable,
        slack=_milliseconds(place, options, "slack", 200),
        timeout=_milliseconds(place, options, "timeout", 5_000),
    )


def _path(place: str) -> Path:
    rest = unquote(place.partition(":")[2])
    if rest.strip("/") == ":memory:":
        raise ConfigurationError(f"{place}: for jobs in the memory of this process use inline: (they end with it)")
    if rest.startswith("//"):
        host, slash, rest = rest[2:].partition("/")
        if host:
            raise ConfigurationError(f"{place} names a host, {host!r}, and SQLite has none: {HOW}")
        rest = rest if slash else ""
    if not rest or rest.endswith("/"):
        raise ConfigurationError(f"{place} names no file: {HOW}")
    if "\0" in rest:
        raise ConfigurationError(f"the path of {place} has a NUL, which no file name can have")
    return Path(rest).absolute()


def _milliseconds(place: str, options: Mapping[str, str], name: str, default: int) -> int:
    value = options.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 3_600_000:
        raise ConfigurationError(f"{place}: {name} is 1 to 3,600,000 milliseconds, not {value!r}")
    return int(value)
