"""Whether what a verb answered is an answer at all: one outcome an item, of a kind that the verb has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast, get_args

from jobkit.backend import (
    CancelOutcome,
    CancelRequested,
    DeleteOutcome,
    Delivery,
    EnqueueOutcome,
    Extended,
    ExtendOutcome,
    NotFound,
    RequeueOutcome,
    SettleOutcome,
    Stored,
)

KINDS: Final[dict[str, tuple[type, ...]]] = {
    "enqueue": get_args(EnqueueOutcome),
    "reserve": (Delivery,),
    "settle": get_args(SettleOutcome),
    "extend": get_args(ExtendOutcome),
    "cancel": get_args(CancelOutcome),
    "requeue": get_args(RequeueOutcome),
    "delete": get_args(DeleteOutcome),
    "get": (Stored, NotFound),
}
"""By verb that answers a list: what may be in it."""


class MalformedAnswer(Exception):
    """An answer that is none: a backend's fault, whatever it was asked."""


def check_answer(verb: str, items: Sequence[Any], answer: object) -> None:
    """Raise `Malformed` for what can't be read as the outcomes of these items."""
    if verb not in KINDS:
        return
    if verb == "reserve":
        of, wanted = "reserve", "a list of deliveries"
    else:
        of, wanted = f"{verb} of {len(items)} items", f"{len(items)} outcomes"
    if not isinstance(answer, list):
        raise MalformedAnswer(f"{of} answered {type(answer).__name__}, not {wanted}")
    outcomes = cast("list[object]", answer)
    if verb != "reserve" and len(outcomes) != len(items):
        raise MalformedAnswer(f"{of} answered {len(outcomes)} outcomes")
    odd = [type(outcome).__name__ for outcome in outcomes if not isinstance(outcome, KINDS[verb])]
    if odd:
        kinds = " or ".join(kind.__name__ for kind in KINDS[verb])
        raise MalformedAnswer(f"{of} answered {odd[0]}, where {kinds} can be")
    for outcome in outcomes:
        if isinstance(outcome, (Extended, CancelRequested)) and not isinstance(outcome.end, int):
            raise MalformedAnswer(f"{of} answered {outcome}, whose end is no instant")
