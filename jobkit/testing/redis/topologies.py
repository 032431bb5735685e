"""Private topologies for tests: a master with replicas that sentinels watch, and a cluster.

Like a single private server they live on free ports, and end with the process that started them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from redis.crc import key_slot
from redis.exceptions import RedisError

from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.redis_py import blocking_connection
from jobkit.backends.redis.settings import Settings
from jobkit.errors import ConfigurationError
from jobkit.testing.redis.server import SURVIVES_KILL, Server

SERVICE: Final = "jobs"
PATIENCE: Final = 60.0
"""Seconds that servers have to agree."""
SLOTS: Final = 16_384


def ask(server: Server, *words: str | int) -> Any:
    """One command to one server, and its answer as it comes."""
    return ask_all(server, words)[0]


def ask_all(server: Server, *commands: Sequence[str | int]) -> list[Any]:
    """Commands to one server, on one connection."""
    connection = blocking_connection(Settings(where=server.url, url=server.url, timeout=10_000))
    try:
        answers: list[Any] = []
        for words in commands:
            connection.send_command(*words)
            answers.append(connection.read_response(disable_decoding=True))
        return answers
    finally:
        connection.disconnect()


def until(what: str, holds: Callable[[], bool]) -> None:
    """Look until it holds: servers tell nobody when they have agreed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except (RedisError, OSError):
            pass  # it is on its way up or down
        time.sleep(0.02)
    raise ConfigurationError(f"not within {PATIENCE:g} s: {what}")


def replica_of(master: Server, *settings: str) -> Server:
    """A replica that has everything of its master."""
    ask(master, "CONFIG", "SET", "repl-diskless-sync-delay", 0)
    replica = Server.start("--replicaof", "127.0.0.1", str(master.port), *settings, program=master.program)
    until("a replica follows its master", lambda: ask(replica, "ROLE")[3] == b"connected")
    online = f"port={replica.port},state=online".encode()
    until("its master knows", lambda: online in ask(master, "INFO", "replication"))
    _await_acknowledgements(master, ask(master, "INFO", "replication").count(b"state=online"))
    return replica


def _await_acknowledgements(master: Server, replicas: int) -> None:
    """A replica is sent what is written only once it has acknowledged something, which takes a new one a second.

    A master that never wrote counts everybody who is online. So one replica too many is waited for first: the master
    asks all to acknowledge then, and that question is something written, which has to arrive.
    """
    commands = [("WAIT", replicas + 1, 1), ("PING",), ("WAIT", replicas, 1_000)]
    until(f"{replicas} replicas acknowledge", lambda: int(ask_all(master, *commands)[-1]) >= replicas)


class Sentinel(Server):
    """A sentinel, which keeps its own configuration in a file."""

    def command(self) -> list[str]:
        path = self.folder / "sentinel.conf"
        if not path.exists():
            own = [f"port {self.port}", "bind 127.0.0.1", "protected-mode no", f"dir {self.folder}"]
            path.write_text("\n".join([*own, f"logfile {self.folder}/log", *self.settings, ""]))
        return [str(self.program), str(path), "--sentinel"]


@dataclass
class SentinelDeployment:
    """A master with replicas, and sentinels that let one take over when the master is gone for a while."""

    servers: list[Server] = field(default_factory=list[Server])
    sentinels: list[Sentinel] = field(default_factory=list[Sentinel])

    @classmethod
    def start(
        cls,
        *settings: str,
        replicas: int = 2,
        sentinels: int = 3,
        down_after: int = 1_000,
        program: Path | None = None,
    ) -> Self:
        """``down_after``: milliseconds after which a master that says nothing is given up."""
        found = cls()
        try:
            master = Server.start(*SURVIVES_KILL, *settings, program=program)
            found.servers.append(master)
            found.servers += [replica_of(master, *SURVIVES_KILL, *settings) for _ in range(replicas)]
            watch = [
                f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} {sentinels // 2 + 1}",
                f"sentinel down-after-milliseconds {SERVICE} {down_after}",
                f"sentinel failover-timeout {SERVICE} 10000",
            ]
            found.sentinels = [Sentinel.start(*watch, program=program) for _ in range(sentinels)]
            until("the sentinels know each other and all replicas", lambda: all(map(found._knows_all, found.sentinels)))
        except BaseException:
            found.stop()
            raise
        return found

    @property
    def url(self) -> str:
        return f"redis+sentinel://{','.join(f'127.0.0.1:{each.port}' for each in self.sentinels)}/{SERVICE}"

    @property
    def master(self) -> Server:
        """Whom the sentinels name."""
        _, port = ask(self.sentinels[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(each for each in self.servers if each.port == int(port))

    @property
    def replicas(self) -> list[Server]:
        master = self.master
        return [each for each in self.servers if each is not master]

    def kill_master(self) -> Server:
        """Kill the master, and wait until another has taken over; the one that was killed."""
        lost = self.master
        lost.kill()
        self.await_other_than(lost)
        return lost

    def await_other_than(self, lost: Server) -> None:
        """Wait until another is the master, and says so itself."""

        def taken_over() -> bool:
            master = self.master
            return master is not lost and bool(ask(master, "ROLE")[0] == b"master")

        until("another master has taken over", taken_over)

    def kill_masters(self) -> None:
        """Kill the only one there is."""
        self.master.kill()

    def recover(self) -> None:
        """Wait until another has taken over from whoever was killed, and start that again to follow it."""
        for lost in [each for each in self.servers if each.process is None]:
            self.await_other_than(lost)
            lost.begin()
        master = self.master
        for each in self.servers:  # sentinels tell them too, after some seconds
            if each is not master:
                ask(each, "REPLICAOF", "127.0.0.1", master.port)
        _await_acknowledgements(master, len(self.servers) - 1)

    def _knows_all(self, sentinel: Sentinel) -> bool:
        answer = ask(sentinel, "SENTINEL", "MASTER", SERVICE)
        state = dict(zip(answer[::2], answer[1::2], strict=True))
        others, replicas = int(state[b"num-other-sentinels"]), int(state[b"num-slaves"])
        return others == len(self.sentinels) - 1 and replicas == len(self.servers) - 1

    def stop(self) -> None:
        for each in (*self.sentinels, *self.servers):
            each.stop()


@dataclass
class ClusterDeployment:
    """A cluster: masters that share the slots, and replicas, one after another of the first, the second and so on."""

    masters: int
    nodes: list[Server] = field(default_factory=list[Server])

    @classmethod
    def start(
        cls,
        *settings: str,
        masters: int = 3,
        replicas: int = 3,
        node_timeout: int = 1_000,
        program: Path | None = None,
    ) -> Self:
        """``node_timeout``: milliseconds after which a node that says nothing is given up."""
        found = cls(masters)
        try:
            for _ in range(masters + replicas):
                own = ("--cluster-enabled", "yes", "--cluster-node-timeout", str(node_timeout), *SURVIVES_KILL)
                found.nodes.append(Server.start(*own, "--repl-diskless-sync-delay", "0", *settings, program=program))
            found._join()
        except BaseException:
            found.stop()
            raise
        return found

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(f'127.0.0.1:{each.port}' for each in self.nodes[: self.masters])}"

    def owner(self, namespace: str) -> Server:
        """The master in whose slots a namespace lives, as the first node that answers sees it."""
        slot = slot_of(namespace)
        for node in self.nodes:
            if node.process is not None:
                for first, last, (_, port, *_), *_ in ask(node, "CLUSTER", "SLOTS"):
                    if first <= slot <= last:
                        return self._at(port)
        raise ConfigurationError(f"nobody serves slot {slot}")

    def kill_masters(self) -> None:
        """Kill every master, so that nobody is left to say who takes over."""
        for each in [node for node in self.nodes if node.process is not None and ask(node, "ROLE")[0] == b"master"]:
            each.kill()

    def recover(self) -> None:
        """Start again whoever was killed, and wait until all masters have replicas that follow them."""
        for each in self.nodes:
            if each.process is None:
                each.begin()
        self._await_agreement()
        for each in self.nodes:
            if ask(each, "ROLE")[0] == b"master":
                _await_acknowledgements(each, 1)

    def lose(self, node: Server) -> None:
        """Kill a master, and wait until its replica has taken over everywhere."""
        node.kill()
        self._await_agreement(without=node)

    def move_slot(self, namespace: str, to: Server) -> float:
        """Move the slot of a namespace key by key, as ``redis-cli --cluster reshard`` does; the seconds it took."""
        slot, here = slot_of(namespace), self.owner(namespace)
        source, target = (ask(each, "CLUSTER", "MYID").decode() for each in (here, to))
        ask(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", source)
        ask(here, "CLUSTER", "SETSLOT", slot, "MIGRATING", target)
        begun = time.monotonic()
        while keys := ask(here, "CLUSTER", "GETKEYSINSLOT", slot, 100):
            ask(here, "MIGRATE", "127.0.0.1", to.port, "", 0, 60_000, "KEYS", *keys)
        for each in (to, here, *(node for node in self.nodes if node is not to and node is not here)):
            if each.process is not None and ask(each, "ROLE")[0] == b"master":
                ask(each, "CLUSTER", "SETSLOT", slot, "NODE", target)
        return time.monotonic() - begun

    def _join(self) -> None:
        """Every node is met, every slot has a master, and every replica follows one."""
        first, masters = self.nodes[0], self.nodes[: self.masters]
        for number, master in enumerate(masters):
            own = range(number * SLOTS // self.masters, (number + 1) * SLOTS // self.masters)
            ask(master, "CLUSTER", "ADDSLOTS", *own)
            ask(master, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            ask(node, "CLUSTER", "MEET", "127.0.0.1", first.port)
        until("all nodes know all", lambda: all(self._known(each) == len(self.nodes) for each in self.nodes))
        for number, replica in enumerate(self.nodes[self.masters :]):
            ask(replica, "CLUSTER", "REPLICATE", ask(masters[number % self.masters], "CLUSTER", "MYID").decode())
        for replica in self.nodes[self.masters :]:
            until("a replica follows", lambda each=replica: ask(each, "ROLE")[3] == b"connected")  # type: ignore[misc]
        self._await_agreement()

    def _await_agreement(self, without: Server | None = None) -> None:
        left = [each for each in self.nodes if each is not without]

        def agreed() -> bool:
            views = [self._masters(each) for each in left]
            up = all(self._info(each)["cluster_state"] == "ok" for each in left)
            lost = without is not None and any(without.port in view for view in views)
            return up and not lost and all(view == views[0] for view in views)

        until("all nodes agree on the masters", agreed)

    def _known(self, node: Server) -> int:
        return int(self._info(node)["cluster_known_nodes"])

    def _info(self, node: Server) -> dict[str, str]:
        return dict(line.split(":", 1) for line in ask(node, "CLUSTER", "INFO").decode().split())

    def _masters(self, node: Server) -> Sequence[int]:
        return sorted(int(port) for _, _, (_, port, *_), *_ in ask(node, "CLUSTER", "SLOTS"))

    def _at(self, port: int) -> Server:
        return next(each for each in self.nodes if each.port == port)

    def stop(self) -> None:
        for each in self.nodes:
            each.stop()


def slot_of(namespace: str) -> int:
    """Where in a cluster a namespace lives."""
    return key_slot(Keys(namespace).meta.encode())
