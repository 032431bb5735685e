"""The judge of processes once more, by trying everything: straight from the events, sharing no code with it.

Of what needs no declared time. A pair of lines here for each sentence of a rule.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from jobkit_conformance.history.event_log import Event

JOBS = ("a", "late", "bomb")
AFTER = {"late": 1.0}
LIMIT = 2
WHAT = ("offered", "accepted", "start", "end", "cut short", "granted", "extended", "settling", "settled")
HOWS = ("Done", "Release", "RetryAt", "Dead")


def broken(events: Sequence[Event]) -> set[str]:
    """The rules that a log shows to be broken."""
    return {rule for job in JOBS for rule in _of(job, [event for event in events if event.id == job], events)}


def _of(job: str, mine: list[Event], events: Sequence[Event]) -> Iterator[str]:
    starts = [event.at for event in mine if event.what == "start"]
    offered = [event.at for event in mine if event.what == "offered"]
    accepted = any(event.what == "accepted" for event in mine)
    ended = any(_ends(mine, start) for start in mine if start.what == "start")
    left = next((event.note for event in reversed(mine) if event.what == "left"), "")
    looked = any(event.what == "looked" for event in events)
    if starts and (not offered or min(starts) < min(offered)):
        yield "E8"
    if accepted and not ended and not left and looked:
        yield "W1"
    if left == "dead" and job != "bomb":
        yield "W1"
    if job == "bomb" and len(starts) > LIMIT:
        yield "W4"
    if offered and starts and min(starts) < min(offered) + AFTER.get(job, -9.0) - 0.005:
        yield "T1"
    yield from _of_grants(mine, left)


def _ends(mine: list[Event], start: Event) -> bool:
    """Whether what this worker began was the last that it began of this job, and said to be at its end."""
    for event in mine:
        if event.at <= start.at or (event.slot, event.life) != (start.slot, start.life):
            continue
        if event.what in ("start", "end", "cut short"):
            return event.what == "end"
    return False


def _of_grants(mine: list[Event], left: str) -> Iterator[str]:
    grants = [event for event in mine if event.what == "granted"]
    settled = [event for event in mine if event.what == "settled" and event.note.endswith(" Settled")]
    firsts = [
        event for event in settled if all(event.number != other.number or event.at <= other.at for other in settled)
    ]
    ends = [event for event in firsts if event.note in ("Done Settled", "Dead Settled")]
    for grant in grants:
        among = [other for other in grants if not _apart(mine, grant, other)]
        later = [other.number for other in among if other.number > grant.number]
        following = [other for other in among if other.number == min(later, default=-1)]
        if any(_live_at(mine, grant, other.at) for other in following):
            yield "R1"
        if any(end.number == grant.number and later for end in ends):
            yield "L6"
        dones = [end for end in ends if end.number == grant.number and end.note.startswith("Done")]
        asked = [event.at for event in mine if event.what == "settling" and event.number == grant.number]
        if left == "live" and dones and not _open(mine, min(asked, default=math.inf)):
            yield "S1"


def _open(mine: list[Event], at: float) -> bool:
    """Whether an offer that was not the first may have come after this instant."""
    offers = [event.at for event in mine if event.what == "offered"]
    accepted = [event.at for event in mine if event.what == "accepted"]
    return len(set(offers)) > 1 and at < min(accepted, default=math.inf)


def _apart(mine: list[Event], one: Event, other: Event) -> bool:
    """Whether they may be deliveries of two jobs: in between somebody said done, and the id was offered again."""
    for grant in mine:
        if grant.what == "granted":
            asked = [event for event in mine if event.what == "settling" and event.number == grant.number]
            done = asked and asked[-1].note == "Done" and _open(mine, asked[0].at)
            if done and min(one.at, other.at) <= asked[0].at < max(one.at, other.at):
                return True
    return False


def _live_at(mine: list[Event], grant: Event, at: float) -> bool:
    """Whether the lease of a grant is live for certain: the latest call that moved its end moved it beyond."""
    about = [event for event in mine if event.number == grant.number and event.at >= grant.at]
    if any(event.what == "settling" and event.at <= at for event in about):
        return False
    until = grant.sent + grant.seconds
    for event in about:
        if event.what == "extended" and event.note in ("Extended", "CancelRequested"):
            until = event.sent + event.seconds
    return at < until - 0.005


def draw(chance: random.Random) -> list[Event]:
    """A log in which anything may have happened, in any order: three jobs, two workers that only live."""
    events = [Event("up", 0.0, slot, 1) for slot in (0, 1)]
    numbers = dict.fromkeys(JOBS, 0)
    at, jobs = 0.0, list(JOBS)
    if chance.random() < 0.4:  # all is about one, which is offered again
        jobs = [chance.choice(JOBS)]
        events += [Event("offered", offered, id=jobs[0]) for offered in (0.0, 0.05)]
    for _ in range(chance.randint(1, 14)):
        at += chance.choice((0.1, 0.3, 0.6, 1.1))
        events.append(_event(chance, round(at, 3), chance.choice(jobs), numbers))
    if chance.random() < 0.7:
        events.append(Event("over", at + 1))
        events += [Event("left", at + 1, id=id, note=chance.choice(("live", "dead"))) for id in JOBS if _half(chance)]
        events.append(Event("looked", at + 1))
    return events


def _half(chance: random.Random) -> bool:
    return chance.random() < 0.3


def _event(chance: random.Random, at: float, job: str, numbers: dict[str, int]) -> Event:
    what = chance.choice(
        ("offered", "accepted", "start", "end", "cut short", "granted", "extended", "settling", "settled")
    )
    slot = chance.choice((0, 1))
    if what in ("offered", "accepted"):
        return Event(what, at, id=job)
    if what in ("start", "end", "cut short"):
        return Event(what, at, slot, 1, id=job)
    if what == "granted" or not numbers[job]:  # nobody extends or settles what was never granted
        what = "granted"
        numbers[job] += 1
    number = numbers[job] if what == "granted" else max(1, numbers[job] - chance.choice((0, 0, 1)))
    if what in ("granted", "extended"):
        note = chance.choice(("Extended", "Extended", "LeaseExpired", "Stale")) if what == "extended" else ""
        sent = round(at - chance.choice((0.01, 0.09)), 3)
        return Event(what, at, slot, 1, id=job, number=number, attempt=number, sent=sent, seconds=1.0, note=note)
    how = chance.choice(HOWS)
    note = how if what == "settling" else f"{how} {chance.choice(('Settled', 'Settled', 'Stale'))}"
    return Event(what, at, slot, 1, id=job, number=number, note=note)
