"""What a memory holds, for a test to look at."""

from __future__ import annotations

from jobkit.backend import Stored
from jobkit.backends.inline.backend import Memory
from jobkit.clock import ManualClock


class Shelf:
    """The jobs of a memory, as they are at the clock's time."""

    def __init__(self, memory: Memory, clock: ManualClock) -> None:
        self._memory = memory
        self._clock = clock

    @property
    def ids(self) -> list[str]:
        return list(self._memory.store._jobs)

    def __getitem__(self, id: str) -> Stored:
        store = self._memory.store
        (found,) = store.get(store.begin(self._clock.now_ms()), [id])
        assert isinstance(found, Stored), f"{id} is not stored"
        return found

    def __len__(self) -> int:
        return len(self.ids)
