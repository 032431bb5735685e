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


class Move(StrEnum):
    """What can happen to a job."""

    ACCEPT = "accept"
    GRANT = "grant"
    DONE = "done"
    RETRY = "retry"
    RELEASE = "release"
    BURY = "bury"
    EXTEND = "extend"
    CANCEL = "cancel"
    MARK = "mark"
    EXPIRE = "expire"
    REQUEUE = "requeue"
    DELETE = "delete"
    PURGE = "purge"


MOVES: Final[Mapping[Phase, Mapping[Move, Phase]]] = {
    Phase.ABSENT: {
        Move.ACCEPT: Phase.WAITING,
    },
    Phase.WAITING: {
        Move.GRANT: Phase.LEASED,
        Move.CANCEL: Phase.ABSENT,
        Move.DELETE: Phase.ABSENT,
        Move.PURGE: Phase.ABSENT,
    },
    Phase.LEASED: {
        Move.GRANT: Phase.LEASED,  # the lease ran out, and somebody else takes the job
        Move.DONE: Phase.ABSENT,
        Move.RETRY: Phase.WAITING,
        Move.RELEASE: Phase.WAITING,
        Move.BURY: Phase.DEAD,
        Move.EXTEND: Phase.LEASED,
        Move.MARK: Phase.MARKED,
        Move.CANCEL: Phase.ABSENT,  # the lease ran out: ready, so gone at once
        Move.DELETE: Phase.ABSENT,
        Move.PURGE: Phase.ABSENT,  # likewise ready
    },
    Phase.MARKED: {
        Move.DONE: Phase.ABSENT,
        Move.RETRY: Phase.ABSENT,
        Move.RELEASE: Phase.ABSENT,
        Move.BURY: Phase.ABSENT,
        Move.EXTEND: Phase.MARKED,
        Move.MARK: Phase.MARKED,
        Move.EXPIRE: Phase.ABSENT,
        Move.DELETE: Phase.ABSENT,
    },
    Phase.DEAD: {
        Move.REQUEUE: Phase.WAITING,
        Move.DELETE: Phase.ABSENT,
        Move.PURGE: Phase.ABSENT,
    },
}


def move(phase: Phase, by: Move) -> Phase:
    """The phase after a move; an illegal one raises `IllegalMove` and changes nothing."""
    try:
        return MOVES[phase][by]
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
