"""What a history says of one job: everything that concerns it, sorted by what it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jobkit.backend import (
    Accepted,
    CancelRequested,
    Delivery,
    Extended,
    Extension,
    Message,
    NotFound,
    Settled,
    Settlement,
    Stale,
)
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.history import History


@dataclass(frozen=True)
class Enqueued:
    """``outcome`` is None when there was no answer: it may have had its effect."""

    call: Call
    message: Message
    outcome: Any


@dataclass(frozen=True)
class Grant:
    """A delivery, and the reserve that brought it."""

    call: Call
    delivery: Delivery

    @property
    def number(self) -> int:
        return self.delivery.number


@dataclass(frozen=True)
class SettleOp:
    """A settlement of one of its deliveries; no outcome, no answer."""

    call: Call
    settlement: Settlement
    outcome: Any

    @property
    def may_have_won(self) -> bool:
        return not isinstance(self.outcome, Stale)

    @property
    def won(self) -> bool:
        return isinstance(self.outcome, Settled)


@dataclass(frozen=True)
class ExtendOp:
    """An extension of one of its leases; no outcome, no answer."""

    call: Call
    extension: Extension
    outcome: Any

    @property
    def end(self) -> int | None:
        return self.outcome.end if isinstance(self.outcome, (Extended, CancelRequested)) else None


@dataclass(frozen=True)
class AdminOp:
    """A cancel, a delete or a requeue; no outcome, no answer."""

    call: Call
    outcome: Any

    @property
    def may_have_acted(self) -> bool:
        return not isinstance(self.outcome, NotFound)


@dataclass
class JobHistory:
    """All that a history has of one id."""

    id: str
    enqueued: list[Enqueued] = field(default_factory=list[Enqueued])
    grants: list[Grant] = field(default_factory=list[Grant])
    settlings: dict[str, list[SettleOp]] = field(default_factory=dict[str, list[SettleOp]])
    extendings: dict[str, list[ExtendOp]] = field(default_factory=dict[str, list[ExtendOp]])
    touches: list[AdminOp] = field(default_factory=list[AdminOp])

    @property
    def accepted(self) -> list[Enqueued]:
        return [each for each in self.enqueued if isinstance(each.outcome, Accepted)]

    @property
    def id_was_reused(self) -> bool:
        """Whether there may have been more than one job of this id, one after the other."""
        return sum(isinstance(each.outcome, Accepted) or each.outcome is None for each in self.enqueued) > 1

    def settled(self, token: str) -> list[SettleOp]:
        return self.settlings.get(token, [])

    def extended(self, token: str) -> list[ExtendOp]:
        return self.extendings.get(token, [])

    def all_settlings(self) -> Iterator[SettleOp]:
        return (each for found in self.settlings.values() for each in found)

    def touched_before(self, place: int) -> bool:
        """Whether somebody may have cancelled, deleted or requeued it by then."""
        return any(each.call.begun < place and each.may_have_acted for each in self.touches)


def by_job(history: History) -> dict[str, JobHistory]:  # noqa: C901 - a case a verb
    """By id; grants are sorted by their number."""
    found: dict[str, JobHistory] = {}
    whose: dict[str, str] = {}

    def of(id: str) -> JobHistory:
        return found.setdefault(id, JobHistory(id))

    for call in history.calls:
        answers: list[Any] = list(call.answer) if call.answered else [None] * len(call.items)
        match call.verb:
            case "enqueue":
                for message, outcome in zip(call.items, answers, strict=True):
                    of(message.id).enqueued.append(Enqueued(call, message, outcome))
            case "reserve":
                for delivery in call.answer or ():
                    of(delivery.message.id).grants.append(Grant(call, delivery))
                    whose[delivery.token] = delivery.message.id
            case "settle":
                for settlement, outcome in zip(call.items, answers, strict=True):
                    life = of(whose[settlement.token])
                    life.settlings.setdefault(settlement.token, []).append(SettleOp(call, settlement, outcome))
            case "extend":
                for extension, outcome in zip(call.items, answers, strict=True):
                    life = of(whose[extension.token])
                    life.extendings.setdefault(extension.token, []).append(ExtendOp(call, extension, outcome))
            case _:
                for id, outcome in zip(call.items, answers, strict=True):
                    of(id).touches.append(AdminOp(call, outcome))
    for life in found.values():
        life.grants.sort(key=lambda grant: grant.number)
    return found
