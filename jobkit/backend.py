"""The contract of a backend: what it is handed, what it answers, what it promises.

Glossary
    message     a job as a backend sees it: fields, headers, and a body that it never looks into.
    since       the instant from which a message may be granted: the later of due and accepted; after a
                retry the later of its retry time and the settle; after a lease that ran out that lease's
                end; after release or requeue that instant.
    reserve     take messages under a lease, as deliveries.
    lease       the half-open time from granted to end, on the backend's clock, in which nobody else is
                granted the message. A worker counts it from before it sent the reserve, on its own
                monotonic clock.
    delivery    one grant: its number grows for the life of a job's id, its attempt is what retry rules
                count, its token proves who holds the lease.
    settle      end a delivery: done, retry, release, dead.
    live        accepted and not ended. A dead job is kept and can be requeued; it is not live.
    stale       a token that is not the job's latest, or whose delivery was settled, or whose job another
                verb ended, or that was never issued. Reaching the lease's end alone makes nothing stale.
    namespace   what one backend object sees; nothing crosses it.

Times and durations are integer milliseconds. Verbs take batches and answer one outcome an item, in order.
Every verb may raise `BackendUnavailable` (within `Capabilities.timeout`), `Closed` and `InvalidArgument`.

A backend is a class with these verbs; subclassing `Backend` gives every optional verb a body that refuses.
The rules behind the words, with their numbers, are in ``jobkit_conformance.catalogue``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, structs

from jobkit.clock import Clock
from jobkit.errors import Unsupported
from jobkit.lifecycle import State
from jobkit.redaction import redacted

# What is handed over.


class Message(Struct, frozen=True):
    """A job as a backend sees it. Everything here comes back with each delivery as it was enqueued.

    ``at`` is an instant (epoch milliseconds, the caller's word), ``after`` a duration that the backend adds
    to its own clock inside the step that stores; at most one of them. ``key``: at most one live message in
    the namespace bears it. ``remember``: how long the id stays known after its end, in milliseconds.
    """

    id: str
    queue: str
    body: bytes
    priority: int = 0
    at: int | None = None
    after: int | None = None
    key: str | None = None
    remember: int | None = None
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Without the body, which holds a job's arguments, where those may not be shown."""
        shown = {name: repr(value) for name, value in structs.asdict(self).items()} | {"body": redacted(self.body)}
        return f"Message({', '.join(f'{name}={value}' for name, value in shown.items())})"


class Delivery(Struct, frozen=True):
    """A message under a lease that ends at ``lease_end``, on the backend's clock.

    ``number`` grows with every delivery of the id's life. ``attempt`` begins at 1 and grows with every
    delivery but those that follow a release; a requeued job begins again. The token is random and opaque.
    """

    message: Message
    number: int
    attempt: int
    token: str
    lease_end: int
    checkpoint: bytes | None = None
    """What the latest extension that carried one said, whoever held the job then."""


class Done(Struct, frozen=True):
    """The job ended well: nothing of it is kept, but what is declared as retained."""

    token: str


class RetryAt(Struct, frozen=True):
    """Grant it again, not before ``at``, or not before ``after`` from the settle on; one of the two."""

    token: str
    at: int | None = None
    after: int | None = None


class Release(Struct, frozen=True):
    """Give it back: grantable at once, and at no cost of an attempt."""

    token: str


class Dead(Struct, frozen=True):
    """Give it up and keep it, with the reason as it is."""

    token: str
    reason: str


Settlement: TypeAlias = Done | RetryAt | Release | Dead


class Extension(Struct, frozen=True):
    """The lease of this token shall end ``lease`` from now on (earlier ends included).

    ``checkpoint``: where the job is, at most ``max_body`` bytes. The next delivery brings the latest one along, until
    the job ends; a requeued job begins without. What was not extended keeps the one it had.
    """

    token: str
    lease: int
    checkpoint: bytes | None = None


# What is answered.


class Accepted(Struct, frozen=True):
    """Stored, as durably as claimed, and due at this instant: that of its acceptance, where its time was past."""

    due: int


class Duplicate(Struct, frozen=True):
    """This id is live, dead or remembered, and everything submitted is equal; nothing changed."""


class Conflict(Struct, frozen=True):
    """This id is live or dead, and something submitted differs; nothing changed."""


class KeyTaken(Struct, frozen=True):
    """The key belongs to a live message, with this id; nothing changed."""

    by: str


class Settled(Struct, frozen=True):
    """The delivery ended as asked (of a cancelled job: ended)."""


class Stale(Struct, frozen=True):
    """The token has no say any more; nothing changed."""


class Indeterminate(Struct, frozen=True):
    """The backend repeated its own call after a lost reply and can't tell which of them it was."""


class NotFound(Struct, frozen=True):
    """There is no such job, or none in a state that the verb takes."""


class Extended(Struct, frozen=True):
    """The lease ends at this instant now."""

    end: int


class CancelRequested(Struct, frozen=True):
    """The lease ends at ``end`` now, and somebody cancelled the job."""

    end: int


class LeaseExpired(Struct, frozen=True):
    """The lease had run out, so it can't be extended; a settle is still accepted until somebody else is granted it."""


class Cancelled(Struct, frozen=True):
    """No worker had the job, and it is gone."""


class CancelPending(Struct, frozen=True):
    """A worker has it: it hears of the cancel when it extends, and the job is over at its lease's end at the latest."""


class Requeued(Struct, frozen=True):
    """A dead job is live again: attempt 1, due now."""


class Deleted(Struct, frozen=True):
    """Gone, whatever it was; the id is forgotten at once."""


EnqueueOutcome: TypeAlias = Accepted | Duplicate | Conflict | KeyTaken
SettleOutcome: TypeAlias = Settled | Stale | Indeterminate
ExtendOutcome: TypeAlias = Extended | CancelRequested | LeaseExpired | Stale
CancelOutcome: TypeAlias = Cancelled | CancelPending | NotFound
RequeueOutcome: TypeAlias = Requeued | KeyTaken | NotFound
DeleteOutcome: TypeAlias = Deleted | NotFound


class Stored(Struct, frozen=True):
    """What a backend keeps of one job, as seen at the instant of the call.

    ``since``: of a leased job the end of its lease, of a dead one when it died. ``attempt`` and ``number`` are those
    of the latest delivery (0: none yet). ``lease_end`` only when leased; ``cancelled``: leased, and marked to end.
    ``reason`` only when dead.
    """

    message: Message
    state: State
    since: int
    attempt: int
    number: int
    lease_end: int | None = None
    cancelled: bool = False
    reason: str | None = None


class Counts(Struct, frozen=True):
    """How many jobs of a queue are in each state, the earliest *since* of the ready ones, and whether it is paused."""

    scheduled: int = 0
    ready: int = 0
    leased: int = 0
    dead: int = 0
    oldest_ready: int | None = None
    paused: bool = False


class Page(Struct, frozen=True):
    """Some jobs in the order in which they would be granted, and where to go on.

    Scheduled ones: in which they fall due; leased ones: in which their leases end; dead ones: in which they died.
    """

    jobs: list[Stored]
    cursor: str | None = None


# What is promised.


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a backend claims, in full: nothing is claimed by default.

    Options: claimed, or refused with `Unsupported`. Promises: claimed, or shown as not claimed.
    """

    delay: bool
    """Messages and retries may lie in the future."""
    priority: tuple[int, int] | None
    """The lowest and highest priority; higher is granted first. None: only 0."""
    keys: bool
    remember: bool
    dead_letters: bool
    """``Dead`` keeps the job; ``requeue`` revives it."""
    cancel: bool
    inspect: bool
    """``get``, ``counts``, ``queues``, ``peek``, ``delete``, ``purge``."""
    wait: bool
    """``reserve`` may wait."""
    pause: bool
    checkpoints: bool
    cells: bool
    results: bool

    fifo: bool
    """Equal priority, equal *since*: granted in the order of acceptance."""
    durable: Literal["process", "fsync", "replicated"] | None
    """What accepted jobs survive: an end of the store's process, of its machine, of its disk."""
    shared: bool
    """Many processes may use one namespace."""

    max_body: int
    """Bytes."""
    max_batch: int
    """Items in one call, and the highest ``limit`` of a reserve."""
    max_batch_bytes: int
    """Bodies, headers and names of one enqueue, together. A reserve may stop there too, once it has one job."""
    slice: int
    """Jobs that one step of the store touches at most."""
    timeout: int
    """A verb has answered or raised by then (beyond ``wait``)."""
    repeat_window: int
    """For how long a backend's own repeat of a call is recognised; 0: it never repeats."""
    slack: int
    """How late a waiting reserve may notice what became due."""
    resolution: int
    """Instants closer than this are not told apart."""
    retention: int | None
    """How long a dead job is kept; None: until somebody deletes it."""
    connections: int
    """How many connections to the store one backend object holds at most, under the calls of one worker."""


# What it does.


@runtime_checkable
class Backend(Protocol):
    """Keeps jobs, and hands each out until somebody settles it.

    A client belongs to the event loop that first used it, and opens nothing before that.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        """Store messages, as one step, each judged in order: id before key, an earlier one counts for a later one.

        Returned means stored. `InvalidMessage`, `Unsupported` and a fault store none of the batch; other
        outcomes do not stop the rest. After `BackendUnavailable`, calling again with the same ids is safe.
        """
        ...

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        """Take up to ``limit`` due messages, under leases of ``lease``; all of an earlier queue before a later one's.

        Within a queue: higher priority, then earlier *since*, then the order of acceptance. Answers as soon
        as one can be granted, with as many as can be then, or after ``wait`` with none. Cancelling a waiting
        reserve takes nothing. Not promised: that a message is delivered only once.
        """
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        """End deliveries. Accepted however late, until somebody else is granted the message."""
        ...

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        """Move the ends of live leases to now plus a duration."""
        ...

    async def close(self) -> None:
        """End waiting reserves and later calls with `Closed`; twice is once. Leases are left as they are."""
        ...

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        """End jobs that wait, at once and for good; mark those that a worker holds. Dead jobs are not found here."""
        raise Unsupported("cancel", f"{type(self).__name__} can't cancel jobs")

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        """Revive dead jobs: attempt 1, due now, delivery numbers go on; key taken when another live job has it."""
        raise Unsupported("dead_letters", f"{type(self).__name__} keeps no dead jobs")

    async def get(self, ids: Sequence[str]) -> list[Stored | NotFound]:
        """What is kept of these jobs, as it is at this instant."""
        raise Unsupported("inspect", f"{type(self).__name__} can't show its jobs")

    async def counts(self, queue: str) -> Counts:
        """How many jobs are in each state; exact while no call is in flight."""
        raise Unsupported("inspect", f"{type(self).__name__} can't count its jobs")

    async def queues(self) -> list[str]:
        """The queues that hold jobs, dead ones included, sorted by their bytes."""
        raise Unsupported("inspect", f"{type(self).__name__} can't list its queues")

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        """Some jobs of a queue in one state; each is listed once if nothing moves meanwhile."""
        raise Unsupported("inspect", f"{type(self).__name__} can't list its jobs")

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        """Remove jobs whatever their state; the token of a leased one is stale from then on."""
        raise Unsupported("inspect", f"{type(self).__name__} can't delete jobs")

    async def purge(self, queue: str, state: State, limit: int) -> int:
        """Remove at most ``limit`` jobs (0 to ``slice``) of a queue that are in ``state`` now; not the leased.

        Says how many; while it says ``limit`` there may be more.
        """
        raise Unsupported("inspect", f"{type(self).__name__} can't purge its queues")

    async def pause(self, queue: str) -> None:
        """Grant nothing from a queue until it is resumed, whether it holds jobs or not; settles and leases go on."""
        raise Unsupported("pause", f"{type(self).__name__} can't pause a queue")

    async def resume(self, queue: str) -> None:
        """Grant from a paused queue again, to those who wait too. One that is not paused stays as it is."""
        raise Unsupported("pause", f"{type(self).__name__} can't resume a queue")

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        """A small value and its version; None when it was never set."""
        raise Unsupported("cells", f"{type(self).__name__} has no cells")

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        """Set a small value if its version is still this one (0: absent); the new version, which is higher, or None."""
        raise Unsupported("cells", f"{type(self).__name__} has no cells")


class Blocking(Protocol):
    """A backend for callers without an event loop: it blocks the calling thread, and any thread may call it."""

    def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]: ...

    def close(self) -> None: ...


@runtime_checkable
class SupportsBlocking(Protocol):
    """A backend that can be called without an event loop; one that can't is called through a thread that has one."""

    def blocking(self) -> Blocking: ...


@runtime_checkable
class SupportsWipe(Protocol):
    """A backend whose namespace can be removed, with all that is in it: tests leave nothing behind."""

    async def wipe(self) -> None:
        """Forget everything that was ever stored here; the namespace is as if it had never been used."""
        ...


@runtime_checkable
class OffersDescription(Protocol):
    """A backend that can say what it talks to."""

    async def describe(self) -> str:
        """Which server, which version, where; no password."""
        ...


class BackendFactory(Protocol):
    """Makes a backend, and opens nothing. ``clock``: take the time from it and not from the store."""

    def __call__(self, url: str | None, namespace: str, clock: Clock | None, /) -> Backend: ...
