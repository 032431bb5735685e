"""Calls on their way out of an app: to their queue, in batches by where they are kept, now or in the background."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import UNSET

from jobkit.connections import resolver
from jobkit.connections.opened import Connections
from jobkit.connections.real_threads import is_in_exit_handler
from jobkit.errors import ConfigurationError
from jobkit.jobs.call import Call
from jobkit.jobs.queues import Queue, Queues

if TYPE_CHECKING:
    from jobkit.connections.clients import Clients
    from jobkit.enqueue.background import BackgroundQueue
    from jobkit.enqueue.context import EnqueueContext
    from jobkit.enqueue.receipt import Receipt

    Batch: TypeAlias = tuple[Clients, list[int], list[EnqueueContext]]
    Attend: TypeAlias = Callable[[Clients, list[Receipt]], Awaitable[None] | None]


class Sender:
    """Of one app. ``attend``: called once jobs are stored; ``posts``: how many may wait to be stored."""

    def __init__(self, queues: Queues, stores: Connections, attend: Attend, posts: int) -> None:
        self._queues = queues
        self._stores = stores
        self._attend = attend
        self._posts = posts
        self._postbox: BackgroundQueue | None = None

    # Where calls go.

    def route(self, call: Call) -> Queue:
        """The queue that a call goes to."""
        if call.options.queue is not UNSET:
            return self._queues.find(call.options.queue)
        queue = call.job.queue
        return self._queues.find(
            queue if isinstance(queue, str) else queue(call.job.signature.complete(call.arguments))
        )

    def prepare(self, call: Call) -> tuple[Clients, EnqueueContext]:
        """Where a call goes, and as what."""
        from jobkit.enqueue.context import EnqueueContext

        queue = self.route(call)
        return self._stores.of(queue), EnqueueContext.of(call, queue)

    def group_by_backend(self, calls: Iterable[Call], *, atomic: bool) -> list[Batch]:
        """The calls by backend, each with its place; raises what is wrong with one of them."""
        batches: dict[Clients, tuple[list[int], list[EnqueueContext]]] = {}
        for place, call in enumerate(calls):
            if not isinstance(call, Call):
                raise TypeError(f"enqueue_many takes job.call(...) and the like, not {type(call).__name__}")
            clients, outgoing = self.prepare(call)
            places, batch = batches.setdefault(clients, ([], []))
            places.append(place)
            batch.append(outgoing)
        if atomic and len(batches) > 1:
            names = ", ".join(str(clients.source) for clients in batches)
            raise ConfigurationError(f"one step over several backends there is not ({names}): pass atomic=False")
        return [(clients, places, batch) for clients, (places, batch) in batches.items()]

    # Now.

    def enqueue_one(self, call: Call, *, by: str) -> Receipt:
        from jobkit.enqueue import enqueue

        enqueue.refuse_running_loop(by, "a" + by.rpartition(".")[2])
        clients, outgoing = self.prepare(call)
        return enqueue.enqueue((outgoing,), clients, partial(self._attend, clients))[0]

    def aenqueue_one(self, call: Call) -> Coroutine[Any, Any, Receipt]:
        from jobkit.enqueue.enqueue import PendingEnqueue, aenqueue

        clients, outgoing = self.prepare(call)

        async def first() -> Receipt:
            return (await aenqueue((outgoing,), clients, partial(self._attend, clients)))[0]

        return PendingEnqueue(first, [call])

    def enqueue_many(self, calls: Iterable[Call], *, atomic: bool, by: str) -> list[Receipt]:
        from jobkit.enqueue import enqueue

        enqueue.refuse_running_loop(by, "a" + by.rpartition(".")[2])
        batches = self.group_by_backend(calls, atomic=atomic)
        return _in_order(
            (places, enqueue.enqueue(batch, clients, partial(self._attend, clients)))
            for clients, places, batch in batches
        )

    def aenqueue_many(self, calls: Iterable[Call], *, atomic: bool) -> Coroutine[Any, Any, list[Receipt]]:
        from jobkit.enqueue.enqueue import PendingEnqueue

        calls = list(calls)
        batches = self.group_by_backend(calls, atomic=atomic)
        return PendingEnqueue(lambda: self._aenqueue(batches), calls)

    async def _aenqueue(self, batches: list[Batch]) -> list[Receipt]:
        from jobkit.enqueue import enqueue

        return _in_order(
            [
                (places, await enqueue.aenqueue(batch, clients, partial(self._attend, clients)))
                for clients, places, batch in batches
            ]
        )

    # In the background.

    def post(self, calls: Sequence[Call]) -> None:
        leaving = [self.prepare(call) for call in calls]
        if resolver.is_overridden():
            self._post_at_once(leaving)
            return
        if is_in_exit_handler():  # exit handlers that are registered now are not called
            self.flush()
            self._post_at_once(leaving)
            return
        if self._postbox is None:
            from jobkit.enqueue.background import BackgroundQueue

            self._postbox = BackgroundQueue(self._attend, self._posts)
        self._postbox.post(leaving)

    def _post_at_once(self, leaving: Iterable[tuple[Clients, EnqueueContext]]) -> None:
        """In a test what was posted is there when the call returns; an outage that the test plays is outwaited."""
        from jobkit.connections.loop_scope import spawn
        from jobkit.enqueue import enqueue

        for clients, outgoing in leaving:

            def stored(receipts: list[Receipt], clients: Clients = clients) -> None:
                spawn(self._attend(clients, receipts))

            enqueue.enqueue((outgoing,), clients, stored, announced=False)

    def flush(self, within: float | None = None) -> None:
        """Wait until all that was posted is stored; ``within``: seconds."""
        if self._postbox is not None:
            self._postbox.flush() if within is None else self._postbox.flush(within)

    async def aflush(self) -> None:
        if self._postbox is not None:
            import asyncio

            await asyncio.to_thread(self._postbox.flush)


def _in_order(stored: Iterable[tuple[list[int], list[Receipt]]]) -> list[Receipt]:
    by_place = {place: receipt for places, receipts in stored for place, receipt in zip(places, receipts, strict=True)}
    return [by_place[place] for place in sorted(by_place)]
