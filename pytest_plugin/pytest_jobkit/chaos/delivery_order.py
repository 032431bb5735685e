"""Which of the due jobs comes next, when some come late and some come again."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from pytest_jobkit.chaos.config import DELAY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_jobkit.chaos.injected import InjectedFault
    from pytest_jobkit.performing.reservation import ReservedJob
    from pytest_jobkit.recording.entry import Entry

FIRST, IN_TURN, LAST = -1, 0, 1


@dataclass
class DelayedDelivery:
    """A job that lets others by: so many, or all that are due at so many later instants."""

    happening: InjectedFault
    others: float
    instants: int = 0
    now_ms: int = 0

    def let_by(self, chosen: Entry, now_ms: int) -> None:
        self.happening.record_overtaking(chosen)
        self.others -= 1
        if now_ms > self.now_ms:
            self.now_ms = now_ms
            self.instants -= 1


class DeliveryOrder:
    """Asks once a delivery whether it comes in its turn, and lets others by where that says so.

    A job that is delivered again at once comes first; one whose lease has to run out comes behind all that is due; one
    that is delayed comes behind what is due later too, where the verb meets that: what is left at its end is performed.
    """

    def __init__(
        self,
        ask: Callable[[ReservedJob, int], InjectedFault | None],
        now_ms: Callable[[], int],
        next_due: Callable[[], int | None],
    ) -> None:
        self._ask = ask
        self._now_ms = now_ms
        self._next_due = next_due
        self._asked: set[tuple[int, int]] = set()
        self._late: dict[int, DelayedDelivery] = {}
        self._again: dict[int, tuple[int, InjectedFault]] = {}

    def again(self, entry: Entry, happening: InjectedFault, *, at_once: bool) -> None:
        """It was delivered and is not settled, so it comes again."""
        self._again[entry.number] = (FIRST if at_once else LAST, happening)

    def next(self, cards: Sequence[ReservedJob], *, until: int | None, movable: bool) -> ReservedJob | None:
        """The one to be performed, which only a verb that performs several lets chaos choose (``movable``).

        None, if those that are left wait for what is due later: the verb gets there, if that is not after ``until``.
        """
        turns = sorted(cards, key=lambda card: (self._turn(card), card.rank))
        others = len(cards) - 1 if movable else None
        chosen = next((card for card in turns if not self._waits(card, others)), None)
        if chosen is None:
            due = None if until is None else self._next_due()
            walks_on = until is not None and due is not None and due <= until
            chosen = next(
                (card for card in turns if not (walks_on and self._late[card.entry.number].instants > 0)), None
            )
        if chosen is not None:
            self._pass_by(chosen.entry)
        return chosen

    def _turn(self, card: ReservedJob) -> int:
        return self._again.get(card.entry.number, (IN_TURN,))[0]

    def _waits(self, card: ReservedJob, others: int | None) -> bool:
        number, attempt = card.entry.number, card.delivery.attempt
        if others is not None and (number, attempt) not in self._asked:
            self._asked.add((number, attempt))
            happening = self._ask(card, others)
            if happening is not None:
                self._late[number] = self._as_late(happening)
        late = self._late.get(number)
        return late is not None and (late.others > 0 or late.instants > 0)

    def _as_late(self, happening: InjectedFault) -> DelayedDelivery:
        amount = happening.fault.amount
        return (
            DelayedDelivery(happening, inf, amount, self._now_ms())
            if happening.fault.kind == DELAY
            else DelayedDelivery(happening, amount)
        )

    def _pass_by(self, chosen: Entry) -> None:
        self._late.pop(chosen.number, None)
        self._again.pop(chosen.number, None)
        for late in self._late.values():
            late.let_by(chosen, self._now_ms())
        for _, happening in self._again.values():
            happening.overtaken_by.append(chosen.short)
