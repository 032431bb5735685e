"""A play of processes as data, for whoever draws it: a lane a process, what befell it, and the leases that it had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from jobkit_conformance.history.event_log import EVERYBODY, Event
from jobkit_conformance.processes.report import matters, what
from jobkit_conformance.processes.run_record import Violation
from jobkit_conformance.render.timeline_data import Lease, TimelineData, TimelineStep, shortened

PRODUCER: Final = "p"


def as_story(events: Sequence[Event], seen: Violation) -> TimelineData:
    """What the timeline tells, and when jobs were in whose hands."""
    begun = events[0].at if events else 0.0
    steps, leases = list[TimelineStep](), list[Lease]()
    for event in matters(events, seen):
        at, who = round((event.at - begun) * 1000), _who(event)
        _hold(leases, event, who, len(steps), at)
        told = f"is started as {event.slot}.{event.life}" if event.what == "up" else what(event)
        steps.append(TimelineStep("note" if who else "store", at, who=who, asked=told))
    return shortened(TimelineData(steps, leases))


def _who(event: Event) -> str:
    """A worker and who comes in its place have one lane: never are there two of them."""
    if event.what in ("offered", "accepted", "refused"):
        return PRODUCER
    return f"w{event.slot}" if event.slot != EVERYBODY else ""


def _hold(leases: list[Lease], event: Event, who: str, place: int, at: int) -> None:
    if event.what == "granted":
        leases.append(Lease(who, event.id, event.attempt, place, at + round(event.seconds * 1000)))
        return
    held = next((lease for lease in reversed(leases) if (lease.job, lease.who) == (event.id, who)), None)
    if held is None or held.ended is not None:
        return
    if event.what == "extended" and event.seconds:
        held.until = at + round(event.seconds * 1000)
    elif event.what == "settled":
        held.ended, held.how = place, event.note.partition(" ")[0].lower()
