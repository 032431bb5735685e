"""The Redis backend: one server, one namespace, every verb a script that is one step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from jobkit.backend import (
    Backend,
    CancelOutcome,
    Capabilities,
    Counts,
    DeleteOutcome,
    Delivery,
    EnqueueOutcome,
    ExtendOutcome,
    Extension,
    Message,
    NotFound,
    Page,
    Release,
    RequeueOutcome,
    Settlement,
    SettleOutcome,
    Stored,
)
from jobkit.backends.redis.admin_commands import AdminCommands
from jobkit.backends.redis.blocking import BlockingRedis
from jobkit.backends.redis.commands import Commands, ReserveResult
from jobkit.backends.redis.connection import spawn
from jobkit.backends.redis.executor import CommandExecutor
from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.notifier import Notifier
from jobkit.backends.redis.pause_commands import Switches
from jobkit.backends.redis.redis_py import Connect, ConnectBlocking
from jobkit.backends.redis.replication import too_few_replicas
from jobkit.backends.redis.requests import Command, Operation, Word
from jobkit.backends.redis.routed_connection import opener
from jobkit.backends.redis.script_clock import ScriptClock
from jobkit.backends.redis.server_checks import check_eviction_policy, description
from jobkit.backends.redis.settings import Settings
from jobkit.clock import Clock
from jobkit.enqueue.batching import Batcher, Limits
from jobkit.errors import BackendUnavailable, Closed, InvalidArgument
from jobkit.lifecycle import State
from jobkit.validation import (
    check_cell,
    check_extensions,
    check_ids,
    check_messages,
    check_name,
    check_reserve,
    check_settlements,
)

T = TypeVar("T")


class RedisBackend(Backend):
    """A client onto one namespace of one server. Belongs to the event loop that first uses it.

    All calls share one connection, and waiting has another. Enqueues that are made at once share one step.
    """

    def __init__(
        self,
        settings: Settings,
        namespace: str,
        clock: Clock | None = None,
        *,
        offset: bool = False,
        connect: Connect | None = None,
        connect_blocking: ConnectBlocking | None = None,
    ) -> None:
        check_name("namespace", namespace)
        self.settings = settings
        self.keys = Keys(namespace)
        self._capabilities = settings.capabilities
        self._clockwork = ScriptClock(clock, offset=offset)
        self._moves = Commands(self.keys, self._clockwork.mode)
        self._by_id = AdminCommands(self._moves)
        self._switches = Switches(self._moves)
        self._make = connect or opener(settings, self.keys.meta)
        self._make_blocking = connect_blocking
        self._carrier = CommandExecutor(settings, self.keys, self._make, self._check_open)
        self._gathering = Batcher(
            self._enqueue, Limits(self._capabilities.max_batch, self._capabilities.max_batch_bytes)
        )
        self._bells: dict[tuple[str, ...], Notifier] = {}
        self._checked = False
        self._closing: asyncio.Task[None] | None = None

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    # The verbs.

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        size = check_messages(messages, self._capabilities)
        return await self._gathering.enqueue(tuple(messages), size)

    async def _enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await self._drive(self._moves.enqueue(messages))

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        check_reserve(queues, limit, lease, wait, self._capabilities)
        taken = await self._take(queues, limit, lease)
        if taken.deliveries or not wait:
            return taken.deliveries
        return await self._wait(queues, limit, lease, wait, taken)

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        check_settlements(settlements, self._capabilities)
        return await self._drive(self._moves.settle(settlements))

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        check_extensions(extensions, self._capabilities)
        return await self._drive(self._moves.extend(extensions))

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        check_ids(ids, self._capabilities)
        return await self._drive(self._by_id.cancel(ids))

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        check_ids(ids, self._capabilities)
        return await self._drive(self._by_id.requeue(ids))

    async def get(self, ids: Sequence[str]) -> list[Stored | NotFound]:
        check_ids(ids, self._capabilities)
        return await self._drive(self._by_id.get(ids))

    async def counts(self, queue: str) -> Counts:
        check_name("queue", queue)
        return await self._drive(self._by_id.counts(queue))

    async def queues(self) -> list[str]:
        return await self._drive(self._by_id.queues())

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        check_name("queue", queue)
        return await self._drive(self._by_id.peek(queue, state, cursor))

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        check_ids(ids, self._capabilities)
        return await self._drive(self._by_id.delete(ids))

    async def purge(self, queue: str, state: State, limit: int) -> int:
        check_name("queue", queue)
        if state is State.LEASED:
            raise InvalidArgument("leased jobs can't be purged: cancel or delete them by id")
        if type(limit) is not int or not 0 <= limit <= self._capabilities.slice:
            raise InvalidArgument(f"limit is 0 to {self._capabilities.slice} here, not {limit!r}")
        return await self._drive(self._by_id.purge(queue, state, limit))

    async def pause(self, queue: str) -> None:
        check_name("queue", queue)
        await self._drive(self._switches.turn("pause", queue))

    async def resume(self, queue: str) -> None:
        check_name("queue", queue)
        await self._drive(self._switches.turn("resume", queue))

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        check_name("cell", name)
        return await self._drive(self._switches.cell_get(name))

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        check_cell(name, value, expected_version, self._capabilities)
        return await self._drive(self._switches.cell_set(name, value, expected_version))

    # Taking and waiting.

    async def _take(self, queues: Sequence[str], limit: int, lease: int) -> ReserveResult:
        """One taking step. It goes on when its caller gives up, and what it took then is given back."""
        taking = asyncio.get_running_loop().create_task(self._drive(self._moves.reserve(queues, limit, lease)))
        try:
            taken = await asyncio.shield(taking)
        except asyncio.CancelledError:
            spawn(asyncio.get_running_loop().create_task(self._release(taking)))
            raise
        if not taken.acknowledged:
            spawn(asyncio.get_running_loop().create_task(self._release(taking)))
            raise too_few_replicas(self.settings)
        return taken

    async def _release(self, taking: asyncio.Task[ReserveResult]) -> None:
        await asyncio.wait([taking])
        if taking.cancelled() or taking.exception() is not None or not taking.result().deliveries:
            return
        tokens = [Release(delivery.token) for delivery in taking.result().deliveries]
        try:
            await self._drive(self._moves.settle(tokens))
        except (BackendUnavailable, Closed):
            return  # their leases run out

    async def _wait(
        self, queues: Sequence[str], limit: int, lease: int, wait: int, taken: ReserveResult
    ) -> list[Delivery]:
        """Until there is something, or the time is over by the backend's clock or by this process'."""
        here = asyncio.get_running_loop().time
        deadline, patience = taken.now + wait, here() + wait / 1000
        self._check_open()
        bell = self._bell(queues)
        stop = self._clockwork.on_move(bell.wake_all)
        try:
            while True:
                await bell.wait(self._rest(taken, deadline, patience - here()))
                taken = await self._take(queues, limit, lease)
                still = not self._clockwork.is_frozen
                if taken.deliveries or taken.now >= deadline or (still and here() >= patience):
                    return taken.deliveries
        finally:
            stop()

    def _rest(self, taken: ReserveResult, deadline: int, left: float) -> float:
        """Seconds until it is worth looking again, if nobody rings before."""
        if self._clockwork.is_frozen:
            return self._capabilities.slack / 1000
        soonest = min(deadline, taken.next_due if taken.next_due is not None else deadline) - taken.now
        return max(0.001, min(soonest / 1000, left, self._capabilities.slack / 1000))

    def _bell(self, queues: Sequence[str]) -> Notifier:
        names = tuple(queues)
        if names not in self._bells:
            self._bells[names] = Notifier(self._make, self.keys, names)
        return self._bells[names]

    # Carrying steps.

    async def _drive(self, steps: Operation[T]) -> T:
        self._check_open()
        if not self._checked:
            await self._carrier.run(check_eviction_policy(self.settings.where))
            self._checked = True
        return await self._carrier.run(steps)

    def _check_open(self) -> None:
        if self._closing is not None:
            raise Closed(f"this backend ({self.settings.where}) is closed")

    async def close(self) -> None:
        """Whoever gives up waiting for it leaves it to come to its end by itself."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())
            spawn(self._closing)
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        for bell in self._bells.values():
            await bell.close()
        await self._carrier.channel.close()
        await self._gathering.close()

    def blocking(self) -> BlockingRedis:
        return BlockingRedis(self.settings, self.keys, self._moves, self._make_blocking)

    async def describe(self) -> str:
        """``redis 7.0.15 at redis://localhost``."""
        return await self._drive(description(self.settings.where))

    async def ask(self, *words: Word) -> Any:
        """A plain command to the server that has this namespace: for tests."""
        return await self._drive(_ask(words))

    async def wipe(self) -> None:
        """Remove everything of this namespace: for tests."""
        await self._drive(self._by_id.wipe())


def _ask(words: Sequence[Word]) -> Operation[Any]:
    reply = yield Command(words)
    return reply.value
