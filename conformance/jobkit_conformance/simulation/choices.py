"""What is left to chance in a simulation, written down: so that it can be played again, and made smaller."""

from __future__ import annotations

import random
from collections.abc import Sequence


class ChoiceSequence:
    """Answers each question from a record; past its end from chance, and without chance with 0, the plain case.

    ``taken`` is the record of this play: given back, it leads to the same play.
    """

    def __init__(self, recorded: Sequence[int] = (), chance: random.Random | None = None) -> None:
        self._recorded = recorded
        self._chance = chance
        self.taken: list[int] = []
        self.fates: list[int] = []
        """The places of the decisions about what became of a parcel."""

    def choose(self, count: int, odds: float, *, fate: bool = False) -> int:
        """One of ``count``; by chance another one than 0 with these odds."""
        if count <= 1:
            return 0
        if fate:
            self.fates.append(len(self.taken))
        place = len(self.taken)
        if place < len(self._recorded):
            chosen = self._recorded[place] % count
        elif self._chance is not None and self._chance.random() < odds:
            chosen = self._chance.randrange(1, count)
        else:
            chosen = 0
        self.taken.append(chosen)
        return chosen
