"""Between a program's steps and the records of the contract."""

from __future__ import annotations

from jobkit.backend import (
    Accepted,
    Cancelled,
    Conflict,
    Dead,
    Deleted,
    Done,
    Held,
    Known,
    Marked,
    Message,
    Release,
    Requeued,
    RetryAt,
    Settlement,
    Unknown,
)
from jobkit_conformance.operations import MessageSpec, SettlementSpec


def to_message(spec: MessageSpec) -> Message:
    """What a program enqueues."""
    return Message(
        spec.id,
        spec.queue,
        spec.body.encode(),
        priority=spec.priority,
        after=spec.after,
        key=spec.key,
        remember=spec.remember,
        headers={"job": f"job of {spec.id}"},
    )


def to_settlement(token: str, item: SettlementSpec) -> Settlement:
    """How a program settles a delivery."""
    match item.how:
        case "done":
            return Done(token)
        case "retry":
            return RetryAt(token, after=item.after)
        case "release":
            return Release(token)
        case _:
            return Dead(token, "why")


_WORDS: dict[type, str] = {
    Accepted: "accepted",
    Known: "known",
    Conflict: "conflict",
    Cancelled: "cancelled",
    Marked: "marked",
    Requeued: "requeued",
    Deleted: "deleted",
    Unknown: "unknown",
}


def outcome_name(outcome: object) -> str:
    """An outcome as the model says it."""
    return f"held:{outcome.by}" if isinstance(outcome, Held) else _WORDS.get(type(outcome), repr(outcome))
