"""One call of a verb, as whoever wrote it down saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class Call:
    """``begun`` and ``ended`` are places in it, ``from_ms`` and ``to_ms`` instants; an open call has no end."""

    client: str
    verb: str
    items: Sequence[Any]
    stated: dict[str, int]
    begun: int
    from_ms: int
    ended: int | None = None
    to_ms: int | None = None
    answer: Any = None
    error: BaseException | None = None

    @property
    def answered(self) -> bool:
        return self.ended is not None and self.error is None
