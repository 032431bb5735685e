"""A play for people: its plan in words, and what happened to the job or the worker that something is said of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from jobkit_conformance.history.event_log import EVERYBODY, Event
from jobkit_conformance.processes.plan import Plan, words
from jobkit_conformance.processes.run_record import Violation

FAULTS: Final = frozenset(
    {"kill", "stop", "cont", "term", "hole", "healed", "away", "back", "cut", "full", "room", "producer killed"}
)
MOST: Final = 60
"""Lines that are shown; of a longer tale the middle is left out."""
AROUND: Final = 2.0
"""Seconds around it that are shown, where a play was long."""
QUIET: Final = frozenset({"settling", "looked"})


def as_plan(plan: Plan) -> str:
    """What was done, a line each."""
    return "\n".join(words(plan))


def as_timeline(events: Sequence[Event], seen: Violation) -> str:
    """What happened, as far as it matters: all of that job, or of that worker, and the faults around it."""
    begun = events[0].at if events else 0.0
    lines = [f"{event.at - begun:8.3f}  {_who(event):<12} {what(event)}" for event in matters(events, seen)]
    if len(lines) > MOST:
        lines[MOST // 2 : -MOST // 2] = [f"          ... {len(lines) - MOST} lines ..."]
    return "\n".join(lines)


def matters(events: Sequence[Event], seen: Violation) -> list[Event]:
    """What a reader of this finding wants to know."""
    told = [event for event in events if _matters(event, seen)]
    return _around(told, seen) if len(told) > MOST else told


def _around(told: Sequence[Event], seen: Violation) -> list[Event]:
    """Without what happened to others long before and long after."""
    mine = [event.at for event in told if _is_of(event, seen)]
    if not mine:
        return list(told)
    begun, ended = min(mine) - AROUND, max(mine) + AROUND
    return [event for event in told if begun <= event.at <= ended]


def _matters(event: Event, seen: Violation) -> bool:
    if event.what in FAULTS or event.what in ("calm", "over"):
        return True
    if event.what in QUIET:
        return False
    if event.what in ("up", "down"):
        return True
    return _is_of(event, seen)


def _is_of(event: Event, seen: Violation) -> bool:
    mine = f"worker {event.slot}.{event.life}" == seen.worker and event.what in ("start", "end", "cut short")
    return event.id == seen.job != "" or mine


def _who(event: Event) -> str:
    if event.what in ("offered", "accepted", "refused"):
        return "producer"
    return f"worker {event.slot}.{event.life}" if event.slot != EVERYBODY else "all"


def what(event: Event) -> str:
    """What an event is, in words."""
    return " ".join(_words(event))


def _words(event: Event) -> Iterator[str]:
    yield _TOLD.get(event.what, event.what)
    if event.id:
        yield event.id
    if event.attempt:
        yield f"attempt {event.attempt}"
    if event.what in ("granted", "extended") and event.seconds:
        yield f"for {event.seconds:g} s"
    if event.note:
        yield f"({event.note})" if event.what != "settled" else f"as {event.note.lower()}"


_TOLD: Final = {
    "up": "is started",
    "down": "has ended, exit code",
    "kill": "SIGKILL",
    "stop": "SIGSTOP",
    "cont": "SIGCONT",
    "term": "SIGTERM",
    "hole": "is cut off: every byte is swallowed",
    "healed": "can connect again",
    "away": "the store is killed",
    "back": "the store is back",
    "cut": "every connection is cut",
    "full": "the store refuses to grow",
    "room": "the store has room again",
    "calm": "all is quiet, and every worker is called",
    "over": "all processes have ended",
    "granted": "is granted",
    "extended": "extends",
    "settled": "settles",
    "start": "starts",
    "end": "ends",
    "left": "in the store, when all was over:",
}
