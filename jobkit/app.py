"""The app: which jobs there are, which queues, what each queue runs through, and where it is kept."""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from msgspec import UNSET

from jobkit.coder import is_sealed
from jobkit.connections.opened import Connections
from jobkit.connections.resolver import Spec
from jobkit.enqueue.sender import Sender
from jobkit.errors import ConfigurationError, DeclarationError, SignatureMismatch, Undecodable, UnknownQueue
from jobkit.jobs.call import Call, check_priority, options
from jobkit.jobs.middleware import check
from jobkit.jobs.queues import Queue, Queues
from jobkit.retry import Errors, Retry, rules

if TYPE_CHECKING:
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    from jobkit.backend import CancelOutcome
    from jobkit.coder import Coder
    from jobkit.connections.clients import Clients
    from jobkit.enqueue.receipt import Receipt
    from jobkit.execute.outcome import Outcome
    from jobkit.execute.perform import Performing, RunnableJob, RunSync
    from jobkit.jobs.job import Isolation, Job, Router
    from jobkit.jobs.middleware import Middleware
    from jobkit.schedule.recurring import Recurring
    from jobkit.schedule.triggers import Missed, Schedule

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_QUEUE = "default"

_all: weakref.WeakSet[App] = weakref.WeakSet()


def apps() -> list[App]:
    """Every app of this process that is alive, for tools that look at all jobs there are; in no order."""
    return list(_all)


class App:
    """The jobs of a program, and where they are kept.

    ``backend``: a URL, ``module:factory``, or a factory; without it ``JOBKIT_BACKEND``, and without that the memory
    of this process, with one warning. ``namespace``: what separates this app's jobs from others' in one store,
    unless the URL says. ``prefix``: of the queues' names in the store. ``coder``: of the arguments, JSON unless
    said; ``coders``: others that stored jobs may have, as long as some do. ``enqueue``, ``perform``: middlewares around
    every queue's own. ``background_limit``: how many posted jobs may wait to be stored.
    """

    def __init__(
        self,
        backend: Spec | None = None,
        *,
        namespace: str = "jobkit",
        prefix: str = "",
        coder: Coder | None = None,
        coders: Sequence[Coder] = (),
        enqueue: Sequence[Middleware] = (),
        perform: Sequence[Middleware] = (),
        background_limit: int = 10_000,
    ) -> None:
        self._stores = Connections(backend, namespace)
        self._coder: Coder = coder or import_module("jobkit.coders.json").JSON()
        self._others: dict[str, Coder] = {other.name: other for other in coders}
        self._coders: dict[str, Coder] = {**self._others, self._coder.name: self._coder}
        self._enqueue = check(enqueue)
        self._perform = check(perform)
        self._queues = Queues(prefix)
        self.sender = Sender(self._queues, self._stores, self._attend, background_limit)
        """What takes calls to where they are kept."""
        self.jobs: dict[str, Job[..., Any]] = {}
        """The declared jobs by name. A name from the store is looked up here, and never imported."""
        self.schedules: dict[str, Recurring] = {}
        """What recurs, by name. Each worker enqueues it, each tick once."""
        self.queue(DEFAULT_QUEUE)
        _all.add(self)

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
        soft_limit: float | timedelta | None = None,
        isolate: Isolation | None = None,
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
        soft_limit: float | timedelta | None = None,
        isolate: Isolation | None = None,
    ) -> Any:
        """Declare a job: ``@app.job`` or ``@app.job(queue="mail", ...)``.

        ``queue``: a name, or a callable of the bound arguments that returns one. Without ``retry`` a job is started
        at most five times when its workers get lost, while an exception makes it a dead letter at once. What
        ``discard`` names ends the job quietly. ``limit``: seconds, or a timedelta, that one attempt may take; one that
        takes longer has failed with `TimeLimit`. An asynchronous job is cancelled then; a plain one is told so by
        ``should_stop``, and keeps its slot of the worker until it ends. ``soft_limit``: at that time a `TimeLimit` is
        raised inside an asynchronous job, which may catch it; a plain one asks ``past_soft_limit``.
        ``isolate="process"``: workers perform it in a process of its own, for what holds the interpreter, or may take
        its process along; at its limit that is killed.
        """
        declare = partial(
            self._declare,
            name=name,
            queue=queue,
            priority=priority,
            key=key,
            retry=retry,
            discard=discard,
            limit=limit,
            soft_limit=soft_limit,
            isolate=isolate,
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
        soft_limit: float | timedelta | None,
        isolate: Isolation | None,
    ) -> Job[..., Any]:
        from jobkit.jobs.job import Job

        declared = options(priority=check_priority(priority), key=key)
        job: Job[..., Any] = Job(
            self,
            function,
            name=name,
            queue=queue,
            options=declared,
            rules=rules(retry, discard),
            limit=limit,
            soft_limit=soft_limit,
            isolate=isolate,
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

    @overload
    def recurring(
        self,
        call: Call,
        /,
        *,
        name: str | None = None,
        cron: str | None = None,
        every: float | timedelta | None = None,
        zone: str | ZoneInfo | None = None,
        schedule: Schedule | None = None,
        missed: Missed = "latest",
    ) -> None: ...

    @overload
    def recurring(
        self,
        /,
        *,
        name: str | None = None,
        cron: str | None = None,
        every: float | timedelta | None = None,
        zone: str | ZoneInfo | None = None,
        schedule: Schedule | None = None,
        missed: Missed = "latest",
    ) -> Callable[[Job[P, R]], Job[P, R]]: ...

    def recurring(self, call: Call | None = None, /, **stated: Any) -> Any:
        """Enqueue a job at each tick: ``@app.recurring(cron="30 2 * * *", zone="Europe/Berlin")`` above ``@app.job``.

        Or a call with its arguments: ``app.recurring(report.call(7), every=timedelta(hours=1))``. ``zone``: whose
        clocks a cron line is about (UTC). ``missed``: of the ticks that no worker was there for, the "latest" is
        enqueued, "all" are, or "none". ``name``: the job's own, unless it recurs twice; a new one is a new schedule.
        ``schedule``: an object with ``after`` and ``until``, in place of ``cron`` and ``every``.

        Each tick is enqueued once, whatever number of workers run, across changes of clocks and crashes. The backend
        has to claim cells, remember and delay.
        """
        from jobkit.jobs.job import Job

        if call is not None:
            self._recur(call, **stated)
            return None

        def declare(job: Job[P, R]) -> Job[P, R]:
            if not isinstance(job, Job):
                raise DeclarationError("@app.recurring(...) stands above @app.job, so that it is handed a job")
            try:
                call = job.call()  # type: ignore[call-arg]
            except SignatureMismatch as error:
                raise DeclarationError(f"{error}: say which, app.recurring({job.short_name}.call(...), ...)") from None
            self._recur(call, **stated)
            return job

        return declare

    def _recur(self, call: Call, **stated: Any) -> None:
        from jobkit.schedule.recurring import recurring

        made = recurring(call, **stated)
        earlier = self.schedules.get(made.name)
        if earlier is not None and (earlier.call, earlier.schedule) != (made.call, made.schedule):
            raise ConfigurationError(f"two schedules are named {made.name!r}: give one of them another, name=...")
        self.schedules[made.name] = made

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
        return self.sender.enqueue_many(calls, atomic=atomic, by=by)

    def aenqueue_many(self, calls: Iterable[Call], *, atomic: bool = True) -> Coroutine[Any, Any, list[Receipt]]:
        """Store several calls in one step, and return their receipts; checked at once, stored when awaited."""
        return self.sender.aenqueue_many(calls, atomic=atomic)

    def enqueue_in_background(self, *calls: Call) -> None:
        """Store calls in the background, in their order; this waits for nothing and gives no receipt.

        What is wrong with a call is raised here. What was posted is kept while the backend is away, stored before the
        app closes or the interpreter ends, and lost with a process that is killed: at most ``background_limit`` jobs;
        beyond that `BackgroundQueueFull` is raised. Where a job must not be lost, ``enqueue`` waits until it is stored.
        """
        self.sender.post(calls)

    def check_calls(self, calls: Iterable[Call]) -> None:
        """That each could be enqueued, for what enqueues later: raises what enqueuing would raise of the calls."""
        self.sender.group_by_backend(calls, atomic=False)

    def _attend(self, clients: Clients, receipts: list[Receipt]) -> Awaitable[None] | None:
        source = clients.source
        if source.embedded:  # jobs in memory are performed in this process or not at all
            import_module("jobkit.worker.embedded").ensure_worker(self, clients)
        return None if source.attendant is None else source.attendant.after([each.id for each in receipts if each])

    # Performing.

    def perform_call(self, call: Call, *, by: str = "perform()") -> Outcome:
        """Perform a call here and now, from a thread without a running loop."""
        from jobkit.connections.portal import portal
        from jobkit.enqueue import enqueue as enqueuing

        enqueuing.refuse_running_loop(by, "a" + by.rpartition(".")[2])
        return portal().call(lambda home: self.aperform_call(call, plain=home.run))

    async def aperform_call(
        self,
        call: Call,
        *,
        attempt: int = 1,
        checkpoint: object = UNSET,
        plain: RunSync | None = None,
        perform: Performing | None = None,
    ) -> Outcome:
        """Perform a call on the running loop, in a fresh context, as a worker would; stores nothing.

        ``checkpoint``: where an earlier attempt said that it was. ``perform``: who performs,
        `jobkit.execute.perform` if nobody is named.
        """
        import asyncio
        from contextvars import Context

        from jobkit import events
        from jobkit.backend import Delivery
        from jobkit.enqueue.context import EnqueueContext
        from jobkit.execute import perform as execution
        from jobkit.execute.perform import context_of, in_thread

        queue = self.sender.route(call)
        message = EnqueueContext.of(call, queue).message()
        body = None if checkpoint is UNSET else queue.coder.encode(checkpoint)
        delivery = Delivery(message, number=attempt, attempt=attempt, token="", lease_end=0, checkpoint=body)
        context = context_of(delivery)
        about = {"id": context.id, "job": context.job, "queue": context.queue}
        events.emit(events.PerformedDirectly(**about, call=call, message=message))
        events.emit(events.Started(**about, attempt=attempt))
        coroutine = (perform or execution.perform)(delivery, context, self, plain or in_thread)
        outcome = await asyncio.get_running_loop().create_task(coroutine, context=Context())
        events.emit(events.Ended(**about, attempt=attempt, outcome=outcome))
        return outcome

    @property
    def performables(self) -> Mapping[str, RunnableJob]:
        return self.jobs

    def perform_middleware(self, queue: str) -> Sequence[Middleware]:
        """What the jobs of a queue run through, by its name in the store."""
        found = self._queues.stored_as(queue)
        return self._perform if found is None else found.perform

    def coder(self, name: str, queue: str | None = None) -> Coder:
        """What decodes a body, by the name that travels; ``queue``: whose job it is, as the store knows it."""
        found = None if queue is None else self._queues.stored_as(queue)
        own = self._coder if found is None else found.coder
        if own.name == name:
            return own
        usable = self._others if is_sealed(own) else self._coders
        try:
            return usable[name]
        except KeyError:
            raise Undecodable(self._no_coder(name, own, usable)) from None

    def _no_coder(self, name: str, own: Coder, usable: Mapping[str, Coder]) -> str:
        if is_sealed(own) and name in self._coders:
            return (
                f"jobs of this queue are sealed ({own.name}), and a body by {name!r} is not; "
                f"while older ones are on their way: App(coders=[...])"
            )
        known = ", ".join(sorted({*usable, own.name}))
        return f"no coder named {name[:40]!r} is known to this app (there are: {known})"

    # Where jobs are kept.

    def clients(self, queue: str) -> Clients:
        """The open backends of a queue in this process."""
        return self._stores.of(self._queues.find(queue))

    def clients_of(self, call: Call) -> Clients:
        """The open backends of the queue that a call goes to."""
        return self._stores.of(self.sender.route(call))

    def by_source(self, queues: Sequence[str] | None = None) -> dict[Clients, list[str]]:
        """The queues' names in the store, aliases included, by the backend that keeps them; all queues by default."""
        return self._stores.by_clients(self._queues if queues is None else map(self._queues.find, queues))

    async def acancel(self, job: Receipt | str) -> CancelOutcome:
        """End a job that waits; tell the worker of one that runs. Each backend of the app is asked for a bare id."""
        from jobkit import events
        from jobkit.backend import NotFound

        id = job if isinstance(job, str) else job.id
        for clients in self.by_source():
            (outcome,) = await clients.for_running_loop().cancel([id])
            if not isinstance(outcome, NotFound):
                events.emit(events.CancelAccepted(id=id, outcome=outcome))
                return outcome
        return NotFound()

    def cancel(self, job: Receipt | str) -> CancelOutcome:
        """End a job that waits; tell the worker of one that runs."""
        from jobkit.connections.portal import portal
        from jobkit.enqueue import enqueue as enqueuing

        enqueuing.refuse_running_loop("app.cancel()", "app.acancel()")
        return portal().call(lambda _: self.acancel(job))

    async def aclose(self) -> None:
        """Store what was posted, and close what this app opened for the running loop.

        Loops that shut down well close it by themselves.
        """
        await self.sender.aflush()
        await self._stores.aclose()

    def close(self) -> None:
        """Store what was posted, and close what this app opened for callers without a loop."""
        self.sender.flush()
        self._stores.close_blocking()


def _place(job: Job[..., Any]) -> tuple[str, str]:
    """Where a job is declared; a module that is loaded again declares the same ones."""
    return job.function.__module__, job.__qualname__
