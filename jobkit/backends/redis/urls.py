"""Where a URL says that the servers are: one server, one that sentinels know, or a cluster."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import redis.asyncio.connection
from redis.exceptions import RedisError

from jobkit.errors import ConfigurationError
from jobkit.redaction import without_password

_connections: Any = redis.asyncio.connection

Address: TypeAlias = tuple[str, int]

DISCOVERY_SCHEMES: Final[dict[str, tuple[Literal["sentinel", "cluster"], str, int]]] = {
    "redis+sentinel": ("sentinel", "redis", 26379),
    "rediss+sentinel": ("sentinel", "rediss", 26379),
    "redis+cluster": ("cluster", "redis", 6379),
    "rediss+cluster": ("cluster", "rediss", 6379),
}
"""By scheme: who is asked, how the servers are spoken to, the port of whom is asked."""

RESERVED_OPTIONS: Final = frozenset(
    {
        *("socket_timeout", "socket_connect_timeout", "protocol", "decode_responses", "encoding", "encoding_errors"),
        *("retry", "retry_on_timeout", "retry_on_error", "redis_connect_func", "command_packer"),
        *("parser_class", "encoder_class", "self"),
    }
)
"""Options of redis-py that jobkit sets by itself, or that would change what it reads."""


FILES: Final = frozenset({"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"})


@dataclass(frozen=True)
class Nodes:
    """Who is asked where the data is. ``service``: the name of the master, for sentinels, and how to log in to them."""

    kind: Literal["sentinel", "cluster"]
    addresses: tuple[Address, ...]
    service: str = ""
    login: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True)
class ParsedUrl:
    """``url``: for redis-py, of a server; where there are nodes, which one is found out later. ``own``: our options."""

    where: str
    url: str = field(repr=False)
    own: Mapping[str, str]
    nodes: Nodes | None = None


def parse_url(url: str, options: Collection[str]) -> ParsedUrl:
    """Take a URL apart; `ConfigurationError` says what is wrong with it."""
    where = without_password(url)
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    own = {name: value for name, value in pairs if name in options}
    rest = {name: value for name, value in pairs if name not in options}
    nodes = None
    if finder := DISCOVERY_SCHEMES.get(parts.scheme):
        nodes = _nodes(where, parts.netloc, parts.path, rest, finder)
        login = parts.netloc.rpartition("@")[0]
        database = parts.path.rpartition("/")[2] if nodes.kind == "sentinel" and parts.path.count("/") > 1 else ""
        parts = parts._replace(
            scheme=finder[1], netloc=f"{login}@localhost" if login else "localhost", path=database and f"/{database}"
        )
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}"  # urlunsplit would write unix:/path
    if rest:
        plain += f"?{urlencode(rest)}"
    _check(where, plain, options)
    return ParsedUrl(where, plain, own, nodes)


def _nodes(
    where: str,
    netloc: str,
    path: str,
    rest: dict[str, str],
    finder: tuple[Literal["sentinel", "cluster"], str, int],
) -> Nodes:
    kind, _, port = finder
    addresses = tuple(_address(where, each, port) for each in netloc.rpartition("@")[2].split(","))
    if kind == "cluster":
        if path.strip("/") not in ("", "0") or rest.get("db", "0") != "0":
            raise ConfigurationError(f"{where}: a cluster has no databases, so none can be named")
        return Nodes(kind, addresses)
    service, _, database = path.lstrip("/").partition("/")
    if not service or (database and not database.isdigit()):
        raise ConfigurationError(
            f"{where}: behind the addresses of sentinels stands the name of their master, and perhaps a database:"
            " redis+sentinel://one:26379,two:26379/mymaster/0"
        )
    names = {"username": "sentinel_username", "password": "sentinel_password"}
    login = {name: rest.pop(option) for name, option in names.items() if option in rest}
    return Nodes(kind, addresses, unquote(service), login)


def _address(where: str, text: str, port: int) -> Address:
    try:
        parts = urlsplit(f"//{text}")
        found = parts.hostname, parts.port or port
    except ValueError:
        found = None, port
    if not found[0]:
        raise ConfigurationError(f"{where}: {text!r} is no address; write host:port, and commas between several")
    return found[0], found[1]


def _check(where: str, url: str, options: Collection[str]) -> None:
    """Whether redis-py can do something with it. Nothing is opened."""
    try:
        found: dict[str, Any] = _connections.parse_url(url)
    except ValueError as error:
        raise ConfigurationError(f"{where} is no URL of a Redis server: {error}") from None
    kind = found.pop("connection_class", _connections.Connection)
    if kind is _connections.UnixDomainSocketConnection and not found.get("path"):
        raise ConfigurationError(f"{where} names no socket: unix:///run/redis/socket")
    for name, value in found.items():
        if wrong := _wrong(kind, name, value, options):
            raise ConfigurationError(f"{where}: {wrong}")
    try:
        kind(**found)
    except (TypeError, ValueError, RedisError) as error:
        raise ConfigurationError(f"{where}: redis-py refuses its options: {error}") from None


def _wrong(kind: type, name: str, value: object, options: Collection[str]) -> str | None:
    """What is wrong with an option, if anything is."""
    if name in RESERVED_OPTIONS:
        instead = "jobkit has timeout, in milliseconds" if "timeout" in name else "jobkit depends on what it is"
        return f"{name} can't be set: {instead}"
    known = _known(kind)
    if name in FILES and name in known and not Path(str(value)).exists():
        return f"{name} names no file: {value!r}"
    if name in known:
        return None
    if name.startswith("ssl_"):
        return f"{name} belongs to an encrypted connection: rediss://"
    near = get_close_matches(name, {*known, *options} - RESERVED_OPTIONS, 1)
    return f"it has an option {name!r}, which nobody knows" + (f"; did you mean {near[0]}?" if near else "")


@cache
def _known(kind: type) -> frozenset[str]:
    """The options of a kind of connection, through all that it is built on."""
    return frozenset(
        name for each in kind.__mro__ if "__init__" in vars(each) for name in inspect.signature(each).parameters
    ) - {"kwargs", "args"}
