"""What an enqueue answers, the same on every backend."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Status(StrEnum):
    """What became of an enqueue."""

    ACCEPTED = "accepted"
    """Stored, as durably as the backend claims."""

    DUPLICATE = "duplicate"
    """This id is there already, with everything equal."""

    CONFLICT = "conflict"
    """This id is there already, with something else."""

    KEY_TAKEN = "key_taken"
    """A live job has this key."""

    REFUSED = "refused"
    """A middleware decided against it."""


class Receipt(Struct, frozen=True, kw_only=True):
    """What an enqueue answers; true when the job was accepted.

    ``due``: when it may start, in UTC; only of accepted jobs. ``held_by``: the id of the live job that has the
    key. ``reason``: why a middleware refused.
    """

    id: str
    job: str
    queue: str
    status: Status
    due: datetime | None = None
    held_by: str | None = None
    reason: str | None = None

    def __bool__(self) -> bool:
        return self.status is Status.ACCEPTED
