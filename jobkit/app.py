"""The app: which jobs there are, which queues, what each queue runs through, and where it is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from msgspec import UNSET

from jobkit.call import Call, check_priority, options
from jobkit.errors import ConfigurationError, DeclarationError, Undecodable, UnknownQueue
from jobkit.pipeline import check
from jobkit.queues import Queue, Queues
from jobkit.retry import Errors, Retry, rules
from jobkit.sources import Spec
from jobkit.stores import Stores

if TYPE_CHECKING:
    from datetime import timedelta

    from jobkit.backend import CancelOutcome
    from jobkit.clients import Clients
    from jobkit.coder import Coder
    from jobkit.declared import Job, Router
    from jobkit.execution import Performable, Plain
    from jobkit.outcome import Outcome
    from jobkit.outgoing import Outgoing
    from jobkit.pipeline import Middleware
    from jobkit.receipt import Receipt

    Batch = tuple[Clients, list[int], list[Outgoing]]

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_QUEUE = "default"


class App:
    """The jobs of a program, and where they are kept.

    ``backend``: a URL, ``module:factory``, or a factory; without it ``JOBKIT_BACKEND``, and without that the memory
    of this process, with one warning. ``namespace``: what separates this app's jobs from others' in one store,
    unless the URL says. ``prefix``: of the queues' names in the store. ``enqueue``, ``perform``: middlewares around
    every queue's own.
    """

    def __init__(
        self,
        backend: Spec | None = None,
        *,
        namespace: str = "jobkit",
        prefix: str = "",
        coder: Coder | None = None,
        enqueue: Sequence[Middleware] = (),
        perform: Sequence[Middleware] = (),
    ) -> None:
        self._stores = Stores(backend, namespace)
        self._coder: Coder = coder or import_module("jobkit.coders.json").JSON()
        self._coders: dict[str, Coder] = {self._coder.name: self._coder}
        self._enqueue = check(enqueue)
        self._perform = check(perform)
        self._queues = Queues(prefix)
        self.jobs: dict[str, Job[..., Any]] = {}
        """The declared jobs by name. A name from the store is looked up here, and never imported."""
        self.queue(DEFAULT_QUEUE)

    # Declaring.

    @overload
    def job(self, function: Callable[P, R], /) -> Job[P, R]: ...

    @overload
    def job(
        self,
        /,
        *,
        name: str | None = None,
        queue: str | Router = DEFAULT_QUEUE,
        priority: int = 0,
        key: str | None = None,
        retry: Retry | Iterable[Retry] | None = None,
        discard: Errors | None = None,
        limit: float | timedelta | None = None,
    ) -> Callable[[Callable[P, R]], Job[P, R]]: ...

    def job(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        queue: str | Router = DEFAULT_QUEUE,
        priority: int = 0,
        key: str | None = None,
        retry: Retry | Iterable[Retry] | None = None,
        discard: Errors | None = None,
        limit: float | timedelta | None = None,
    ) -> Any:
        """Declare a job: ``@app.job`` or ``@app.job(queue="mail", ...)``.

        ``queue``: a name, or a callable of the bound arguments that returns one. Without ``retry`` a job is started
        at most five times when its workers get lost, while an exception makes it a dead letter at once. What
        ``discard`` names ends the job quietly. ``limit``: seconds, or a timedelta, that one attempt may take; one that
        takes longer has failed with `TimeLimit`. An asynchronous job is cancelled then; a plain one is told so by
        ``should_stop``, and keeps its slot of the worker until it ends.
        """
        declare = partial(
            self._declare, name=name, queue=queue, priority=priority, key=key, retry=retry, discard=discard, limit=limit
        )
        return declare if function is None else declare(function)

    def _declare(
        self,
        function: Callable[..., Any],
        *,
        name: str | None,
        queue: str | Router,
        priority: int,
        key: str | None,
        retry: Retry | Iterable[Retry] | None,
        discard: Errors | None,
        limit: float | timedelta | None,
    ) -> Job[..., Any]:
        from jobkit.declared import Job

        declared = options(priority=check_priority(priority), key=key)
        job: Job[..., Any] = Job(
            self, function, name=name, queue=queue, options=declared, rules=rules(retry, discard), limit=limit
        )
        earlier = self.jobs.get(job.name)
        if earlier is not None and _place(earlier) != _place(job):
            raise DeclarationError(
                f"two jobs are named {job.name!r}: give one of them another name, @app.job(name=...)"
            )
        if isinstance(queue, str) and queue not in self._queues:
            self.queue(queue)
        job.signature.check(self._queues.find(queue).coder if isinstance(queue, str) else self._coder)
        self.jobs[job.name] = job
        return job

    def queue(
        self,
        name: str,
        *,
        backend: Spec | None = None,
        coder: Coder | None = None,
        enqueue: Sequence[Middleware] = (),
        perform: Sequence[Middleware] = (),
        aliases: Sequence[str] = (),
    ) -> None:
        """Declare a queue: its own backend, coder and middlewares where they differ from the app's.

        ``aliases``: other names for it; what was stored under one of them is performed too.
        """
        coder = coder or self._coder
        self._queues.add(
            Queue(
                name=name,
                prefix=self._queues.prefix,
                coder=coder,
                backend=backend,
                enqueue=(*self._enqueue, *check(enqueue)),
                perform=(*self._perform, *check(perform)),
                aliases=tuple(aliases),
            )
        )
        self._coders[coder.name] = coder

    @property
    def queues(self) -> list[str]:
        """The names of the queues that this app knows."""
        return [queue.name for queue in self._queues]

    def check_queue(self, name: str) -> str:
        """The queue's own name, where an alias may be given; `UnknownQueue`, with what was perhaps meant."""
        return self._queues.find(name).name

    def queue_stored_as(self, wire_name: str) -> str:
        """The queue's own name, by the one that it has in the store."""
        queue = self._queues.stored_as(wire_name)
        if queue is None:
            raise UnknownQueue(f"no queue of this app is stored as {wire_name!r}")
        return queue.name

    # Enqueuing.

    def enqueue_many(self, calls: Iterable[Call], *, atomic: bool = True, by: str = "enqueue_many()") -> list[Receipt]:
        """Store several calls in one step, and return their receipts in order.

        Over queues of different backends there is no one step: that raises and names them, unless ``atomic=False``.
        """
        from jobkit import enqueuing

        enqueuing.refuse_running_loop(by, "a" + by.rpartition(".")[2])
        batches = self._batches(calls, atomic=atomic)
        return _in_order(
            (places, enqueuing.enqueue(batch, clients, partial(self._attend, clients)))
            for clients, places, batch in batches
        )

    def aenqueue_many(self, calls: Iterable[Call], *, atomic: bool = True) -> Coroutine[Any, Any, list[Receipt]]:
        """Store several calls in one step, and return their receipts; checked at once, stored when awaited."""
        from jobkit.enqueuing import Enqueuing

        calls = list(calls)
        batches = self._batches(calls, atomic=atomic)
        return Enqueuing(lambda: self._aenqueue(batches), calls)

    def aenqueue_one(self, call: Call) -> Coroutine[Any, Any, Receipt]:
        from jobkit.enqueuing import Enqueuing

        batches = self._batches([call], atomic=True)

        async def first() -> Receipt:
            return (await self._aenqueue(batches))[0]

        return Enqueuing(first, [call])

    async def _aenqueue(self, batches: list[Batch]) -> list[Receipt]:
        from jobkit import enqueuing

        return _in_order(
            [
                (places, await enqueuing.aenqueue(batch, clients, partial(self._attend, clients)))
                for clients, places, batch in batches
            ]
        )

    def _batches(self, calls: Iterable[Call], *, atomic: bool) -> list[Batch]:
        """The calls by backend, each with its place."""
        from jobkit.outgoing import Outgoing

        batches: dict[Clients, tuple[list[int], list[Outgoing]]] = {}
        for place, call in enumerate(calls):
            if not isinstance(call, Call):
                raise TypeError(f"enqueue_many takes job.call(...) and the like, not {type(call).__name__}")
            queue = self._route(call)
            places, batch = batches.setdefault(self._stores.of(queue), ([], []))
            places.append(place)
            batch.append(Outgoing.of(call, queue))
        if atomic and len(batches) > 1:
            names = ", ".join(str(clients.source) for clients in batches)
            raise ConfigurationError(f"one step over several backends there is not ({names}): pass atomic=False")
        return [(clients, places, batch) for clients, (places, batch) in batches.items()]

    def _route(self, call: Call) -> Queue:
        if call.options.queue is not UNSET:
            return self._queues.find(call.options.queue)
        queue = call.job.queue
        return self._queues.find(
            queue if isinstance(queue, str) else queue(call.job.signature.complete(call.arguments))
        )

    def _attend(self, clients: Clients, receipts: list[Receipt]) -> Awaitable[None] | None:
        source = clients.source
        if source.embedded:  # jobs in memory are performed in this process or not at all
            import_module("jobkit.worker.embedded").attend(self, clients)
        return None if source.attendant is None else source.attendant.after([each.id for each in receipts if each])

    # Performing.

    def perform_call(self, call: Call, *, by: str = "perform()") -> Outcome:
        """Perform a call here and now, from a thread without a running loop."""
        from jobkit import enqueuing
        from jobkit.portal import portal

        enqueuing.refuse_running_loop(by, "a" + by.rpartition(".")[2])
        return portal().call(lambda home: self.aperform_call(call, plain=home.run))

    async def aperform_call(self, call: Call, *, attempt: int = 1, plain: Plain | None = None) -> Outcome:
        """Perform a call on the running loop, in a fresh context, as a worker would; stores nothing."""
        import asyncio
        from contextvars import Context

        from jobkit import events
        from jobkit.backend import Delivery
        from jobkit.execution import context_of, in_thread, perform
        from jobkit.outgoing import Outgoing

        message = Outgoing.of(call, self._route(call)).message()
        delivery = Delivery(message, number=attempt, attempt=attempt, token="", lease_end=0)
        context = context_of(delivery)
        about = {"id": context.id, "job": context.job, "queue": context.queue}
        events.emit(events.Called(**about, call=call, message=message))
        events.emit(events.Started(**about, attempt=attempt))
        coroutine = perform(delivery, context, self, plain or in_thread)
        outcome = await asyncio.get_running_loop().create_task(coroutine, context=Context())
        events.emit(events.Ended(**about, attempt=attempt, outcome=outcome))
        return outcome

    @property
    def performables(self) -> Mapping[str, Performable]:
        return self.jobs

    def perform_middleware(self, queue: str) -> Sequence[Middleware]:
        """What the jobs of a queue run through, by its name in the store."""
        found = self._queues.stored_as(queue)
        return self._perform if found is None else found.perform

    def coder(self, name: str) -> Coder:
        try:
            return self._coders[name]
        except KeyError:
            known = ", ".join(sorted(self._coders))
            raise Undecodable(f"no coder named {name[:40]!r} is known to this app (there are: {known})") from None

    # Where jobs are kept.

    def clients(self, queue: str) -> Clients:
        """The open backends of a queue in this process."""
        return self._stores.of(self._queues.find(queue))

    def clients_of(self, call: Call) -> Clients:
        """The open backends of the queue that a call goes to."""
        return self._stores.of(self._route(call))

    def by_source(self, queues: Sequence[str] | None = None) -> dict[Clients, list[str]]:
        """The queues' names in the store, aliases included, by the backend that keeps them; all queues by default."""
        return self._stores.by_clients(self._queues if queues is None else map(self._queues.find, queues))

    async def acancel(self, job: Receipt | str) -> CancelOutcome:
        """End a job that waits; tell the worker of one that runs. Each backend of the app is asked for a bare id."""
        from jobkit import events
        from jobkit.backend import Unknown

        id = job if isinstance(job, str) else job.id
        for clients in self.by_source():
            (outcome,) = await clients.here().cancel([id])
            if not isinstance(outcome, Unknown):
                events.emit(events.CancelAsked(id=id, outcome=outcome))
                return outcome
        return Unknown()

    def cancel(self, job: Receipt | str) -> CancelOutcome:
        """End a job that waits; tell the worker of one that runs."""
        from jobkit import enqueuing
        from jobkit.portal import portal

        enqueuing.refuse_running_loop("app.cancel()", "app.acancel()")
        return portal().call(lambda _: self.acancel(job))

    async def aclose(self) -> None:
        """Close what this app opened for the running loop. Loops that shut down well do that by themselves."""
        await self._stores.aclose()

    def close(self) -> None:
        """Close what this app opened for callers without a loop."""
        self._stores.close_blocking()


def _place(job: Job[..., Any]) -> tuple[str, str]:
    """Where a job is declared; a module that is loaded again declares the same ones."""
    return job.function.__module__, job.__qualname__


def _in_order(stored: Iterable[tuple[list[int], list[Receipt]]]) -> list[Receipt]:
    by_place = {place: receipt for places, receipts in stored for place, receipt in zip(places, receipts, strict=True)}
    return [by_place[place] for place in sorted(by_place)]
