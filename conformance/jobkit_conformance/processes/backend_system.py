"""A job backend as a system: jobkit's worker over it, with the promises that the backend claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from jobkit.backend import Stored
from jobkit.connections.resolver import find
from jobkit.lifecycle import State
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.processes import workload_app
from jobkit_conformance.processes.system import Declared, SystemHarness

APP: Final = "jobkit_conformance.processes.workload_app:app"


class BackendSystem(SystemHarness):
    """Each play has a namespace of its own."""

    enqueue = "jobkit_conformance.processes.workload_app:enqueue"

    def __init__(self, harness: BackendHarness, namespace: str, lease: float) -> None:
        self._harness = harness
        claims = find(harness.store_url(), namespace).open().capabilities  # which opens nothing yet
        self._namespace = namespace
        self._lease = lease
        self.grace = lease
        """Seconds that running jobs have when their worker is asked to stop."""
        self._plays = 0
        self.declared = Declared(
            lease=lease,
            slack=claims.slack / 1000 + lease / 3,  # the longest wait of one reserve
            grace=lease,
            attempts=workload_app.LIMIT if claims.dead_letters else None,
            order=claims.fifo,
            delay=claims.delay,
            repeats=True,
            durable=claims.durable is not None,
            timeout=claims.timeout / 1000,
        )

    @property
    def namespace(self) -> str:
        """Of the play that is on."""
        return f"{self._namespace}-{self._plays}"

    def worker(self, slots: int) -> Sequence[str]:
        return self._harness.worker_command(APP, concurrency=slots, lease=self._lease, grace=self.grace)

    def environment(self, address: tuple[str, int] | None) -> Mapping[str, str]:
        url = self._harness.store_url()
        return {
            workload_app.STORE: url if address is None else _at(url, address),
            workload_app.NAMESPACE: self.namespace,
        }

    def store(self) -> tuple[str, int] | None:
        parts = urlsplit(self._harness.store_url())
        if "," in parts.netloc:  # several addresses, of which no relay can take the place
            return None
        return (parts.hostname, parts.port) if parts.hostname and parts.port else None

    @property
    def _lives_alone(self) -> bool:
        """A store that lives in its clients can't be ended under other processes."""
        return bool(urlsplit(self._harness.store_url()).netloc)

    async def begin(self) -> None:
        self._plays += 1

    async def end(self) -> None:
        """Leave nothing in the store."""
        await self._harness.wipe(self.namespace)

    async def kill(self) -> None:
        await self._harness.kill()

    async def restart(self) -> None:
        await self._harness.restart()

    async def cut(self) -> None:
        await self._harness.drop()

    async def fill(self, full: bool) -> None:  # noqa: FBT001
        await self._harness.fill(full)

    async def left(self, ids: Sequence[str]) -> Mapping[str, str]:
        backend = await self._harness.open(self.namespace, None)
        try:
            found = [each for some in _batches(ids, 100) for each in await backend.get(some)]
        finally:
            await backend.close()
        return {
            id: "dead" if each.state is State.DEAD else "live"
            for id, each in zip(ids, found, strict=True)
            if isinstance(each, Stored)
        }

    def describe(self) -> str:
        return self._harness.describe()

    def offers(self, hook: str) -> bool:
        match hook:
            case "kill" | "restart":
                lives_on = self._lives_alone and self.declared.durable
                return lives_on and self._harness.offers("kill") and self._harness.offers("restart")
            case "fill":
                return self._lives_alone and self._harness.offers("fill")
            case "cut":
                return self._lives_alone and self._harness.offers("drop")
            case _:
                return super().offers(hook)


def _at(url: str, address: tuple[str, int]) -> str:
    """The same store at another address."""
    parts = urlsplit(url)
    who, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{who}{at}{address[0]}:{address[1]}"))


def _batches(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
