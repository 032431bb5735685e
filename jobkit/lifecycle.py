"""The states of a job, and the table of moves between them: data, not branches.

What a store *keeps* of a job is its phase. What anybody *sees* at an instant is its state, a function
of the phase and the clock: no verb has to happen for a state to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from jobkit.errors import IllegalMove


class State(StrEnum):
    """Where a job is at an instant, as ``counts`` and ``get`` show it."""

    SCHEDULED = "scheduled"
    """Accepted, and not to be granted yet: its *since* lies ahead. Ends with the clock, or by cancel."""

    READY = "ready"
    """Waiting for a worker. Ends when one reserves it. Nothing promises when that is."""

    LEASED = "leased"
    """With a worker, until it settles or the lease runs out. A cancelled one stays here until then."""

    DEAD = "dead"
    """Given up, kept with its reason. Ends when somebody requeues, deletes or purges it."""


class Phase(StrEnum):
    """What a store keeps of a job."""

    ABSENT = "absent"
    """Never accepted, or ended and forgotten."""

    WAITING = "waiting"
    """Scheduled or ready, by its *since*."""

    LEASED = "leased"
    """Granted. From the lease's end on it is ready again, though still kept as granted."""

    MARKED = "marked"
    """Granted, then cancelled. At the lease's end it is over."""

    DEAD = "dead"


class Transition(StrEnum):
    """What can happen to a job."""

    ACCEPT = "accept"
    GRANT = "grant"
    DONE = "done"
    RETRY = "retry"
    RELEASE = "release"
    DEAD_LETTER = "bury"
    EXTEND = "extend"
    CANCEL = "cancel"
    REQUEST_CANCEL = "mark"
    EXPIRE = "expire"
    REQUEUE = "requeue"
    DELETE = "delete"
    PURGE = "purge"


TRANSITIONS: Final[Mapping[Phase, Mapping[Transition, Phase]]] = {
    Phase.ABSENT: {
        Transition.ACCEPT: Phase.WAITING,
    },
    Phase.WAITING: {
        Transition.GRANT: Phase.LEASED,
        Transition.CANCEL: Phase.ABSENT,
        Transition.DELETE: Phase.ABSENT,
        Transition.PURGE: Phase.ABSENT,
    },
    Phase.LEASED: {
        Transition.GRANT: Phase.LEASED,  # the lease ran out, and somebody else takes the job
        Transition.DONE: Phase.ABSENT,
        Transition.RETRY: Phase.WAITING,
        Transition.RELEASE: Phase.WAITING,
        Transition.DEAD_LETTER: Phase.DEAD,
        Transition.EXTEND: Phase.LEASED,
        Transition.REQUEST_CANCEL: Phase.MARKED,
        Transition.CANCEL: Phase.ABSENT,  # the lease ran out: ready, so gone at once
        Transition.DELETE: Phase.ABSENT,
        Transition.PURGE: Phase.ABSENT,  # likewise ready
    },
    Phase.MARKED: {
        Transition.DONE: Phase.ABSENT,
        Transition.RETRY: Phase.ABSENT,
        Transition.RELEASE: Phase.ABSENT,
        Transition.DEAD_LETTER: Phase.ABSENT,
        Transition.EXTEND: Phase.MARKED,
        Transition.REQUEST_CANCEL: Phase.MARKED,
        Transition.EXPIRE: Phase.ABSENT,
        Transition.DELETE: Phase.ABSENT,
    },
    Phase.DEAD: {
        Transition.REQUEUE: Phase.WAITING,
        Transition.DELETE: Phase.ABSENT,
        Transition.PURGE: Phase.ABSENT,
    },
}


def apply_transition(phase: Phase, by: Transition) -> Phase:
    """The phase after a move; an illegal one raises `IllegalMove` and changes nothing."""
    try:
        return TRANSITIONS[phase][by]
    except KeyError:
        raise IllegalMove(f"a job that is {phase.value} can't {by.value}") from None


def state(phase: Phase, since: int, lease_end: int, now: int) -> State | None:
    """What is seen at ``now`` of a job kept like this; None when it has ended."""
    match phase:
        case Phase.WAITING:
            return State.READY if since <= now else State.SCHEDULED
        case Phase.LEASED:
            return State.LEASED if lease_end > now else State.READY
        case Phase.MARKED:
            return State.LEASED if lease_end > now else None
        case Phase.DEAD:
            return State.DEAD
        case Phase.ABSENT:
            return None
