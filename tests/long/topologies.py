"""The Redis backend by every way that leads to a server: so that what befalls commands and processes elsewhere befalls
them there too.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.settings import read
from jobkit.clock import Clock
from jobkit.testing.redis.harness import Harness
from jobkit.testing.redis.resp import RespSplitter
from jobkit.testing.redis.server import SURVIVES_KILL, Server, free_port
from jobkit.testing.redis.topologies import SERVICE, ClusterDeployment, SentinelDeployment, ask
from jobkit_conformance.transport.proxy import Proxy
from tests.backends.redis.certificates import Certificates
from tests.backends.redis.forwarder import Hop

QUICK: Final = "timeout=600"
"""Milliseconds: for processes, whose leases are short; there is time for a replica to acknowledge."""

HOOKS: Final = frozenset({"through", "store_url", "restart", "kill", "drop", "fill"})


class Way(Harness):
    """A way to servers of its own. ``options``: with which a client goes it, whoever that is."""

    options = "durable=process&slack=200"
    servers: Sequence[Server]
    """All that may have jobs."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jobkit-way-"))
        self.hop = Hop()
        self._there = self.url(self.start())
        super().__init__(self._there)

    def start(self) -> str:
        """Start the servers; the URL that leads there, without options."""
        raise NotImplementedError

    def to(self, port: int) -> str:
        """The same way, to what listens at this port."""
        raise NotImplementedError

    def listens_at(self, namespace: str) -> int:
        """The port of the server that has a namespace."""
        return self._own.port

    def url(self, to: str) -> str:
        return f"{to}{'&' if '?' in to else '?'}{self.options}"

    async def through(self, namespace: str, clock: Clock | None, proxy: Proxy) -> RedisBackend:
        at = await asyncio.to_thread(self.listens_at, namespace)
        _, port = proxy.listen_for("127.0.0.1", at, RespSplitter)
        settings = read(self.url(await asyncio.to_thread(self.to, port)))
        return RedisBackend(replace(settings, timeout=proxy.timeout or settings.timeout), namespace, clock, offset=True)

    def store_url(self) -> str:
        return f"{self._there}&{QUICK}"

    async def drop(self) -> None:
        await asyncio.to_thread(self._on_all, ["SCRIPT", "FLUSH"], ["CLIENT", "KILL", "TYPE", "normal"])

    async def fill(self, full: bool) -> None:  # noqa: FBT001  (the hook's signature)
        await asyncio.to_thread(self._on_all, ["CONFIG", "SET", "maxmemory", "1" if full else "0"])

    def _on_all(self, *commands: Sequence[str]) -> None:
        for server in self.servers:
            if server.process is not None:
                for command in commands:
                    ask(server, *command)

    def offers(self, hook: str) -> bool:
        return hook in HOOKS or super().offers(hook)

    @property
    def _own(self) -> Server:
        return self.servers[0]

    def close(self) -> None:
        for server in self.servers:
            server.stop()
        self.hop.close()
        shutil.rmtree(self.folder)


class Encrypted(Way):
    """TLS, with certificates on both sides; behind a proxy it ends in front of that, which reads what it passes on."""

    def start(self) -> str:
        self._certificates = Certificates(self.folder)
        self._certificates.make()
        port = free_port()
        self.servers = [Server.start(*SURVIVES_KILL, *self._certificates.server_settings(port, clients=True))]
        return self._at(port)

    def to(self, port: int) -> str:
        return self._at(self.hop.encrypted(port, self._certificates.context(clients=True)))

    def _at(self, port: int) -> str:
        path = self._certificates.path
        files = f"ssl_ca_certs={path('ca.pem')}&ssl_certfile={path('client.pem')}&ssl_keyfile={path('client.key')}"
        return f"rediss://127.0.0.1:{port}?{files}"


class InAFile(Way):
    """A socket of the file system."""

    def start(self) -> str:
        self._sockets = itertools.count()
        self.servers = [Server.start(*SURVIVES_KILL)]
        return self._own.unix_url

    def to(self, port: int) -> str:
        path = self.folder / str(next(self._sockets))
        self.hop.in_a_file(port, path)
        return f"unix://{path}"


class Several(Way):
    """Servers that are killed and brought back together, in a thread.

    It goes on when whoever waited for it gives up, and the next one waits for it here.
    """

    topology: SentinelDeployment | ClusterDeployment

    def __init__(self) -> None:
        self._busy = threading.Lock()
        super().__init__()

    async def kill(self) -> None:
        await asyncio.to_thread(self._kill)

    async def restart(self) -> None:
        await asyncio.to_thread(self._restart)

    def _kill(self) -> None:
        with self._busy:
            self.topology.kill_masters()

    def _restart(self) -> None:
        with self._busy:
            if all(server.process is not None for server in self.servers):
                self.topology.kill_masters()
            self.topology.recover()

    def close(self) -> None:
        super().close()
        self.topology.stop()


class BehindSentinels(Several):
    """Two replicas that acknowledge, and sentinels: a master that is killed is followed by another."""

    options = "wait_replicas=2&slack=200"
    down_after = 1_000

    def start(self) -> str:
        self.topology = watched = SentinelDeployment.start(down_after=self.down_after)
        self.servers = watched.servers
        return watched.url

    def to(self, port: int) -> str:
        return f"redis+sentinel://127.0.0.1:{self.hop.signpost(port)}/{SERVICE}"

    def listens_at(self, namespace: str) -> int:
        assert isinstance(self.topology, SentinelDeployment)
        return self.topology.master.port


class BehindSteadySentinels(BehindSentinels):
    """The same, and nobody takes over: a proxy stands before one server, where the next one would not be looked for."""

    down_after = 600_000

    def offers(self, hook: str) -> bool:
        return hook not in ("kill", "restart") and super().offers(hook)


class InACluster(Several):
    """Three masters, each with a replica that acknowledges; they are killed together, so nobody takes over."""

    options = "wait_replicas=1&slack=200"

    def start(self) -> str:
        self.topology = cluster = ClusterDeployment.start(node_timeout=2_000)
        self.servers = cluster.nodes
        return cluster.url

    def to(self, port: int) -> str:
        return f"redis+cluster://127.0.0.1:{self.hop.signpost(port)}"

    def listens_at(self, namespace: str) -> int:
        assert isinstance(self.topology, ClusterDeployment)
        return self.topology.owner(namespace).port
