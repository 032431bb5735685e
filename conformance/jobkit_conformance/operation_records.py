"""Between a program's steps and the records of the contract."""

from __future__ import annotations

import re
from typing import get_args

from jobkit.backend import (
    CancelOutcome,
    Dead,
    DeleteOutcome,
    Done,
    EnqueueOutcome,
    ExtendOutcome,
    KeyTaken,
    Message,
    Release,
    RequeueOutcome,
    RetryAt,
    Settlement,
    SettleOutcome,
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


_OUTCOMES = (EnqueueOutcome, SettleOutcome, ExtendOutcome, CancelOutcome, RequeueOutcome, DeleteOutcome)
_KINDS: set[type] = {kind for outcomes in _OUTCOMES for kind in get_args(outcomes)}


def kind_of(record: object) -> str:
    """The class of an outcome or a settlement in words: ``lease_expired``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(record).__name__).lower()


def outcome_name(outcome: object) -> str:
    """An outcome as the model says it."""
    if type(outcome) not in _KINDS:
        return repr(outcome)
    return f"{kind_of(outcome)}:{outcome.by}" if isinstance(outcome, KeyTaken) else kind_of(outcome)
