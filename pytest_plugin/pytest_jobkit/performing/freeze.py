"""Moving the program's own clock along with the backend's, by time-machine."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jobkit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobkit.clock import ManualClock


def freeze(clock: ManualClock) -> Callable[[], None]:
    """Let ``datetime.now()`` and the like say what this clock says, until the answer is called."""
    try:
        time_machine: Any = import_module("time_machine")
    except ImportError as error:
        raise ConfigurationError("advance(freeze=True) needs time-machine: pip install time-machine") from error
    traveller = time_machine.travel(_seconds(clock), tick=False)
    coordinates = traveller.start()
    unsubscribe = clock.subscribe(lambda: coordinates.move_to(_seconds(clock)))

    def thaw() -> None:
        unsubscribe()
        traveller.stop()

    return thaw


def _seconds(clock: ManualClock) -> float:
    """Half a microsecond more, so that what is cut off on the way to a datetime is no part of the instant."""
    return clock.now_ms() / 1000 + 0.000_000_5
