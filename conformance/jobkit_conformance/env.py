"""Where a program is played: clients of one namespace, a clock that can be moved, and a record of every step."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar, cast

from jobkit.backend import Accepted, Capabilities, Dead, Delivery, Message, Settled, Settlement, Stored
from jobkit.clock import ManualClock
from jobkit.errors import JobkitError
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.history.trace import Trace
from jobkit_conformance.operation_records import kind_of
from jobkit_conformance.profiles import PROFILES, Profile
from jobkit_conformance.render.value_source import short_repr
from jobkit_conformance.transport.proxy import Proxy
from jobkit_conformance.violations import Inconclusive, RuleViolation

T = TypeVar("T")

SECOND = 1_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOISE = 20 * SECOND
"""What a play may take in real time, where the store's clock runs while it is moved."""
MANY = 8
"""Of more than so many only the difference is shown."""
PATIENCE = 10.0
"""Real seconds within which a verb that need not wait has to answer."""


@dataclass
class Env:
    """One play of a program: its own namespace, wiped afterwards."""

    harness: BackendHarness
    namespace: str
    capabilities: Capabilities
    rule: str = ""
    """Which rule `expect` speaks for."""
    profile: Profile = PROFILES["quick"]
    seed: int = 0
    clock: ManualClock = field(default_factory=ManualClock)
    trace: Trace = field(default_factory=Trace)
    _clients: list[RecordingBackend] = field(default_factory=list[RecordingBackend])
    _moved: int = 0
    _base: int | None = None
    _undo: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._start = self.clock.now_ms()
        if self.exact:
            self.trace.origin = self._start
        self.random = random.Random(f"{self.seed} {self.rule}")  # noqa: S311  (programs, not secrets)

    # Players.

    async def client(
        self, namespace: str | None = None, *, own_time: bool = False, through: Proxy | None = None
    ) -> RecordingBackend:
        """A new client, as another process would have; with ``own_time`` it lives in the backend's own time.

        ``through``: it reaches the store through a proxy.
        """
        clock = self.clock if self.exact and not own_time else None
        if own_time:
            self.trace.origin = None
        name = namespace or self.namespace
        opening = self.harness.open(name, clock) if through is None else self.harness.through(name, clock, through)
        backend = await opening
        client = RecordingBackend(backend, self.trace, f"c{len(self._clients) + 1}")
        self._clients.append(client)
        self.trace.opened(client.name, namespace, own_time=own_time)
        return client

    async def clients(self, count: int) -> list[RecordingBackend]:
        """Several new clients."""
        return [await self.client() for _ in range(count)]

    async def close(self) -> None:
        """End every client, and leave the store as it was found."""
        if "restart" in self._undo:
            await self.harness.restart()
        if "empty" in self._undo:
            await self.harness.fill(full=False)
        for client in self._clients:
            with contextlib.suppress(JobkitError):
                await client.backend.close()
        for namespace in {self.namespace, *self.trace.namespaces}:
            await self.harness.wipe(namespace)

    # Time.

    @property
    def moves(self) -> bool:
        """Whether the clock can be moved."""
        return self.harness.clock_mode != "real"

    @property
    def exact(self) -> bool:
        """Whether instants are exact to the millisecond."""
        return self.harness.clock_mode == "frozen"

    async def advance(self, milliseconds: int) -> None:
        """Let time pass for everybody in this namespace."""
        self._moved += milliseconds
        self.trace.advanced(milliseconds)
        if self.harness.clock_mode == "offset":
            for namespace in {self.namespace, *self.trace.namespaces}:
                await self.harness.move(namespace, self._moved)
        self.clock.move(milliseconds)

    @property
    def moved(self) -> int:
        """How far the clock was moved so far."""
        return self._moved

    @property
    def tolerance(self) -> int:
        """How far apart two instants have to be, in milliseconds, to be told apart."""
        return 0 if self.exact else NOISE

    def same_instant(self, actual: int, moved: int) -> bool:
        """Whether the backend's instant is the one at which the clock was moved so far in all.

        Where instants are not exact, the first one asked about says where the backend's clock stands.
        """
        if self.exact:
            return actual == self._start + moved
        if self._base is None:
            self._base = actual - moved
        return abs(actual - self._base - moved) <= NOISE

    # Questions.

    def expect(self, actual: object, expected: object, what: str) -> None:
        """That this was answered; otherwise the rule is broken."""
        if actual != expected:
            self.fail(f"{what}: {_difference(actual, expected)}")

    def check(self, holds: object, what: str) -> None:
        """That this holds; otherwise the rule is broken."""
        if not holds:
            self.fail(what)

    def fail(self, what: str) -> NoReturn:
        """Say how the rule is broken."""
        raise RuleViolation(self.rule, what)

    def require(self, holds: object, what: str) -> None:
        """That the program can go on; otherwise it never gets to its question."""
        if not holds:
            raise Inconclusive(what)

    async def refuses(
        self, call: Awaitable[Any], error: type[Exception] | tuple[type[Exception], ...], what: str
    ) -> Exception:
        """That a call raises this error."""
        names = error.__name__ if isinstance(error, type) else " or ".join(each.__name__ for each in error)
        try:
            answer = await call
        except error as raised:
            return raised
        except Exception as raised:
            seen = f"{what}: expected {names}, got {type(raised).__name__}: {raised}"
            raise RuleViolation(self.rule, seen) from raised
        return self.fail(f"{what}: expected {names}, got {_short(answer)}")

    async def within(self, call: Awaitable[T], what: str, within: float = PATIENCE) -> T:
        """That a call answers in real time, and is not left waiting."""
        try:
            async with asyncio.timeout(within):
                return await call
        except TimeoutError:
            return self.fail(f"{what}: no answer within {within:g} s")

    # Steps that many programs begin with. When one of them does not go as it should, another rule is broken.

    async def enqueue_ok(self, client: RecordingBackend, *messages: Message) -> list[Accepted]:
        """Enqueue what has to be accepted before the question comes."""
        accepted: list[Accepted] = []
        size = self.capabilities.max_batch
        for start in range(0, len(messages), size):
            for outcome in await client.enqueue(messages[start : start + size]):
                if not isinstance(outcome, Accepted):
                    raise Inconclusive(f"enqueue answered {_short(outcome)}")
                accepted.append(outcome)
        return accepted

    async def reserve_ok(
        self, client: RecordingBackend, *ids: str, queue: str = "q", lease: int = MINUTE
    ) -> list[Delivery]:
        """Reserve what has to be granted before the question comes; the answer is in the order of these ids."""
        found = await client.reserve([queue], limit=max(len(ids), 1), lease=lease)
        got = ids_of(found)
        self.require(sorted(got) == sorted(ids), f"reserve granted {got}, and not {list(ids)}")
        return sorted(found, key=lambda delivery: ids.index(delivery.message.id))

    async def settled(self, client: RecordingBackend, *settlements: Settlement) -> None:
        """Settle what has to be settled before the question comes."""
        outcomes = await client.settle(settlements)
        self.require(all(isinstance(outcome, Settled) for outcome in outcomes), f"settle answered {_short(outcomes)}")

    async def dead_letter(self, client: RecordingBackend, *ids: str, queue: str = "q", reason: str = "why") -> None:
        """Bring jobs that are ready to where the dead ones are."""
        for delivery in await self.reserve_ok(client, *ids, queue=queue):
            await self.settled(client, Dead(delivery.token, reason))

    async def granted(self, client: RecordingBackend, what: str, queue: str = "q", lease: int = MINUTE) -> Delivery:
        """The one delivery of a reserve that has to grant one; otherwise the rule is broken."""
        found = await client.reserve([queue], limit=1, lease=lease)
        return found[0] if found else self.fail(f"{what}: nothing was granted")

    async def stored(self, client: RecordingBackend, id: str) -> Stored:
        """What is kept of a job that has to be there."""
        (found,) = await client.get([id])
        if not isinstance(found, Stored):
            raise Inconclusive(f"get of {id!r} answered {_short(found)}")
        return found

    async def drain(
        self, client: RecordingBackend, queues: Sequence[str] = ("q",), lease: int = MINUTE, limit: int = 10
    ) -> list[str]:
        """The ids of everything due, in the order in which it is granted."""
        order: list[str] = []
        while found := await client.reserve(queues, limit=min(limit, self.capabilities.max_batch), lease=lease):
            order += ids_of(found)
            self.require(len(order) < 100_000, "reserve never comes to an end")
        return order

    async def waiting(self, call: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin a call that waits, and let it get to where it waits."""
        task = asyncio.create_task(call)
        await asyncio.sleep(0.01)
        return task

    # What is done to the store.

    async def restart(self) -> None:
        """The store ends as in a crash, and comes back."""
        self.trace.happened("restart()", "the store restarts")
        await self.harness.restart()
        self._undo.discard("restart")

    async def kill(self) -> None:
        """The store ends as in a crash, and stays away until `restart`."""
        self.trace.happened("kill()", "the store is killed")
        self._undo.add("restart")
        await self.harness.kill()

    async def drop(self) -> None:
        """Every connection is cut, and the store forgets what it has cached for clients."""
        self.trace.happened("drop()", "every connection is cut")
        await self.harness.drop()

    async def fill(self, *, full: bool) -> None:
        """The store refuses more data, or takes it again."""
        self.trace.happened(f"fill(full={full})", "the store is full" if full else "the store has room again")
        self._undo.add("empty")
        await self.harness.fill(full=full)


def _difference(actual: object, expected: object) -> str:
    """What is not as expected; of long lists only what is missing or too much."""
    got, wanted = _items(actual), _items(expected)
    missing, more = [each for each in wanted if each not in got], [each for each in got if each not in wanted]
    words = [f"{_short(missing)} missing"] if missing else []
    words += [f"{_short(more)} too much"] if more else []
    if words and len(wanted) > MANY:
        return f"of {len(wanted)} expected, {' and '.join(words)}"
    return f"expected {_short(expected)}, got {_short(actual)}"


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _short(value: object) -> str:
    return short_repr(value, most=300)


def ids_of(deliveries: Sequence[Delivery]) -> list[str]:
    """The ids of what was granted, in order."""
    return [delivery.message.id for delivery in deliveries]


def words_of(outcomes: Sequence[object]) -> list[str]:
    """Outcomes by their names, in order."""
    return [kind_of(outcome) for outcome in outcomes]


def message(id: str = "a", queue: str = "q", body: bytes = b"x", **fields: Any) -> Message:
    """A message whose fields do not matter but for those stated."""
    return Message(id, queue, body, **fields)
