"""The slow twin of the invariants: tries every instant at which each call of a small history may have taken effect.

A queue of one page that shares no code with the kit. A world is a value, so that all of them can be tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, NamedTuple

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelPending,
    CancelRequested,
    Dead,
    Deleted,
    Delivery,
    Done,
    Duplicate,
    Extended,
    KeyTaken,
    LeaseExpired,
    Message,
    NotFound,
    Release,
    Requeued,
    RetryAt,
    Settled,
    Stale,
)
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.history import History


class Job(NamedTuple):
    """``phase``: waiting, leased, marked, dead."""

    id: str
    key: str | None
    priority: int
    since: int
    phase: str = "waiting"
    end: int = 0
    token: str = ""
    number: int = 0
    attempt: int = 0
    released: bool = False

    def ready(self, now: int) -> bool:
        return (self.phase == "waiting" and self.since <= now) or (self.phase == "leased" and self.end <= now)


class World(NamedTuple):
    """All that a store holds, and which tokens it has issued."""

    jobs: frozenset[Job] = frozenset()
    tokens: frozenset[str] = frozenset()

    def at(self, now: int) -> World:
        """Without those that were cancelled, and whose lease has run out since."""
        return self._replace(jobs=frozenset(job for job in self.jobs if job.phase != "marked" or job.end > now))

    def job(self, id: str) -> Job | None:
        return next((job for job in self.jobs if job.id == id), None)

    def holder(self, key: str | None) -> str | None:
        return next((job.id for job in self.jobs if key is not None and job.key == key and job.phase != "dead"), None)

    def held_with(self, token: str) -> Job | None:
        return next((job for job in self.jobs if job.token == token and job.phase in ("leased", "marked")), None)

    def put(self, old: Job | None, new: Job | None) -> World:
        return self._replace(jobs=self.jobs - {old} | ({new} if new else set()))


def effects(world: World, call: Call, now: int) -> Iterator[tuple[list[Any], World]]:
    """Every answer that a right queue may give at an instant, and what it holds then."""
    world = world.at(now)
    match call.verb:
        case "reserve":
            yield from _grants(world, call, now)
        case "enqueue":
            yield _alone(_enqueue(world, call.items[0], now))
        case "settle":
            yield _alone(_settle(world, call.items[0], now))
        case "extend":
            yield _alone(_extend(world, call.items[0], now))
        case _:
            yield _alone(_touch(world, call.verb, call.items[0], now))


def _alone(told: tuple[Any, World]) -> tuple[list[Any], World]:
    return [told[0]], told[1]


def _enqueue(world: World, message: Message, now: int) -> tuple[Any, World]:
    if world.job(message.id):
        return Duplicate(), world
    if holder := world.holder(message.key):
        return KeyTaken(holder), world
    due = now + (message.after or 0)
    return Accepted(due), world.put(None, Job(message.id, message.key, message.priority, due))


def _grants(world: World, call: Call, now: int) -> Iterator[tuple[list[Any], World]]:
    ready = [job for job in world.jobs if job.ready(now)]
    stated = {delivery.message.id: delivery for delivery in call.answer or ()}
    for chosen in permutations(ready, min(len(ready), call.stated["limit"])):
        places = [job.priority for job in chosen]
        passed = max((job.priority for job in ready if job not in chosen), default=min(places, default=0))
        if places == sorted(places, reverse=True) and passed <= min(places, default=0):
            granted, after = _grant(world, call, chosen, stated, now)
            if len(after.tokens) == len(world.tokens) + len(chosen):
                yield granted, after


def _grant(
    world: World, call: Call, chosen: Sequence[Job], stated: dict[str, Delivery], now: int
) -> tuple[list[Any], World]:
    """Tokens are what they were said to be, and so are numbers, if they grow: nothing else is known of them."""
    granted: list[Any] = []
    for job in chosen:
        said = stated.get(job.id)
        token = said.token if said else f"{call.begun} {job.id}"
        number = max(said.number if said else 0, job.number + 1)
        attempt = job.attempt + (0 if job.released else 1)
        end = now + call.stated["lease"]
        message = said.message if said else Message(job.id, "q", b"x", key=job.key, priority=job.priority)
        granted.append(Delivery(message, number, attempt, token, end))
        leased = job._replace(phase="leased", end=end, token=token, number=number, attempt=attempt, released=False)
        world = world.put(job, leased)._replace(tokens=world.tokens | {token})
    return granted, world


def _settle(world: World, settlement: Any, now: int) -> tuple[Any, World]:
    job = world.held_with(settlement.token)
    if job is None:
        return Stale(), world
    free = job._replace(phase="waiting", since=now, token="")
    match settlement:
        case _ if job.phase == "marked":
            return Settled(), world.put(job, None)
        case RetryAt():
            return Settled(), world.put(job, free._replace(since=now + (settlement.after or 0)))
        case Release():
            return Settled(), world.put(job, free._replace(released=True))
        case Dead():
            return Settled(), world.put(job, free._replace(phase="dead"))
        case _:
            assert isinstance(settlement, Done)
            return Settled(), world.put(job, None)


def _extend(world: World, extension: Any, now: int) -> tuple[Any, World]:
    job = world.held_with(extension.token)
    if job is None:
        return Stale(), world
    if job.end <= now:
        return LeaseExpired(), world
    end = now + extension.lease
    return CancelRequested(end) if job.phase == "marked" else Extended(end), world.put(job, job._replace(end=end))


def _touch(world: World, verb: str, id: str, now: int) -> tuple[Any, World]:
    job = world.job(id)
    if job is None or ((verb == "requeue") != (job.phase == "dead") and verb != "delete"):
        return NotFound(), world
    if verb == "delete":
        return Deleted(), world.put(job, None)
    if verb == "requeue":
        if holder := world.holder(job.key):
            return KeyTaken(holder), world
        return Requeued(), world.put(job, job._replace(phase="waiting", since=now, attempt=0))
    if job.phase == "waiting" or job.end <= now:
        return Cancelled(), world.put(job, None)
    return CancelPending(), world.put(job, job._replace(phase="marked"))


def given_back(world: World, before: World, now: int) -> World:
    """What a reserve took that its caller had given up is released."""
    for job in world.jobs - before.jobs:
        world = world.put(job, job._replace(phase="waiting", since=now, token="", released=True))
    return world


class _Event(NamedTuple):
    at_ms: int
    what: str
    call: Call | None = None


def explainable(history: History, *, prompt: bool) -> bool:
    """Whether some choice of instants makes every answer right.

    A call that has no answer may have taken effect at any instant from its beginning until all got calm, or at none.
    ``prompt``: a reserve that was given up gave back what it took; else it may have kept it.
    """
    return _Search(_events(history), prompt=prompt).explains(0, 0, frozenset(), World())


def _events(history: History) -> list[_Event]:
    places: dict[int, _Event] = {}
    for call in history.calls:
        places[call.begun] = _Event(call.from_ms, "begin", call)
        if call.ended is not None:
            places[call.ended] = _Event(call.to_ms or 0, "end", call)
    if history.quiesced_at is not None:
        after = [event.at_ms for place, event in places.items() if place > history.quiesced_at]
        places[history.quiesced_at] = _Event(min(after, default=history.clock.now_ms()), "calm")
    return [places[place] for place in sorted(places)]


class _Search:
    def __init__(self, events: list[_Event], *, prompt: bool) -> None:
        self._events = events
        self._prompt = prompt
        self._seen: set[tuple[int, int, frozenset[int], World]] = set()
        self._calls = {event.call.begun: event.call for event in events if event.call is not None}

    def explains(self, place: int, now: int, pending: frozenset[int], world: World) -> bool:
        """Whether the rest can be explained. ``pending``: the calls that began, and took no effect yet."""
        if place == len(self._events):
            return True
        state = (place, now, pending, world)
        if state in self._seen:
            return False
        self._seen.add(state)
        event = self._events[place]
        for number in pending:
            for instant in range(now, self._latest(place, now) + 1):
                for after in self._results(self._calls[number], world, instant):
                    if self.explains(place, instant, pending - {number}, after):
                        return True
        following = self._past(event, pending)
        return following is not None and self.explains(place + 1, event.at_ms, following, world)

    def _latest(self, place: int, now: int) -> int:
        """Until when something may take effect before an event; what calms down has arrived before that begins."""
        return now if self._events[place].what == "calm" else self._events[place].at_ms

    def _past(self, event: _Event, pending: frozenset[int]) -> frozenset[int] | None:
        """What is under way after an event; None where it can't come yet."""
        if event.call is None:
            return frozenset(number for number in pending if self._calls[number].answered)
        if event.what == "begin":
            return pending | {event.call.begun}
        return None if event.call.answered and event.call.begun in pending else pending

    def _results(self, call: Call, world: World, now: int) -> Iterator[World]:
        for answer, after in effects(world, call, now):
            if call.answered:
                if answer == list(call.answer):
                    yield after
                continue
            if call.verb == "reserve":
                yield given_back(after, world, now)
            if call.verb != "reserve" or not self._prompt:
                yield after
