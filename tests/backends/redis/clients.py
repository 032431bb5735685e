"""What the tests of this folder are handed to open clients with."""

from collections.abc import Callable
from typing import TypeAlias

from jobkit.backends.redis import RedisBackend
from jobkit.testing.redis.resp import RespSplitter
from jobkit.testing.redis.server import Server
from jobkit_conformance.transport.proxy import FaultTrigger, Meanwhile, Proxy, nothing

Open: TypeAlias = Callable[..., RedisBackend]


def url_through(proxy: Proxy, server: Server) -> str:
    """Where a client connects to, to reach the server through a proxy."""
    host, port = proxy.listen_for("127.0.0.1", server.port, RespSplitter)
    return f"redis://{host}:{port}"


def lost_reply(meanwhile: Meanwhile = nothing, *, of: int = 1) -> FaultTrigger:
    """The server does a command, then something else happens, and then the reply is lost with its connection."""
    return FaultTrigger(of, "reply", "cut", meanwhile)
