"""Whose clock the scripts go by, and how a client knows when to look again."""

from __future__ import annotations

from collections.abc import Callable

from jobkit.clock import Clock, ManualClock


class ScriptClock:
    """The server's clock in production. In tests an instant that is handed over, or the server's plus an offset."""

    def __init__(self, clock: Clock | None = None, *, offset: bool = False) -> None:
        self._clock = clock
        self._offset = offset

    @property
    def is_frozen(self) -> bool:
        """Whether waiting for a while brings no instant nearer."""
        return isinstance(self._clock, ManualClock)

    def mode(self) -> str:
        """As ``prelude.lua`` understands it."""
        if self._clock is not None:
            return f"@{self._clock.now_ms()}"
        return "+" if self._offset else ""

    def on_move(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` when somebody moves the clock; the answer ends that."""
        if isinstance(self._clock, ManualClock):
            return self._clock.subscribe(listener)
        return lambda: None
