"""What a test, or a run, wishes of chaos: how many runs, which faults. Light: read in every run."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

DUPLICATE, CRASH_AFTER, CRASH_BEFORE = "duplicate", "crash-after", "crash-before"
REORDER, DELAY, REFUSE = "reorder", "delay", "refuse"

FAULTS = (DUPLICATE, REORDER, DELAY, CRASH_BEFORE, CRASH_AFTER, REFUSE)
"""All that can be asked for."""

USUAL = tuple(fault for fault in FAULTS if fault != REFUSE)
"""What any app has to live with whose jobs are delivered at least once. A refused enqueue is another question."""

SWEEP = "sweep"


@dataclass(frozen=True)
class ChaosConfig:
    """``runs`` and ``faults``: None leaves it to the run. ``sweep``: a crash at each effect point instead."""

    runs: int | None = None
    faults: tuple[str, ...] | None = None
    sweep: bool = False


def read(value: object) -> ChaosConfig | None:
    """What ``jobkit(chaos=value)`` means, None for False; `ValueError` says what it takes."""
    if value is False:
        return None
    if value is True:
        return ChaosConfig()
    if isinstance(value, int):
        return ChaosConfig(runs=runs(value))
    if value == SWEEP:
        return ChaosConfig(sweep=True)
    names = cast("list[object]", value) if isinstance(value, (list, tuple)) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"takes True, False, a number of runs, 'sweep', or names of faults, not {value!r}")
    return ChaosConfig(faults=faults(map(str, names)))


def runs(value: int) -> int:
    """Fewer are no search: two clean ones come first, and one last."""
    if value < LEAST:
        raise ValueError(f"takes at least {LEAST} runs (three of them without any fault), not {value}")
    return value


LEAST = 5


def faults(names: object) -> tuple[str, ...]:
    """The faults of these names, each once."""
    found = tuple(dict.fromkeys(name.strip() for name in cast("list[str]", names)))
    for name in found:
        if name not in FAULTS:
            close = get_close_matches(name, FAULTS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"there is no fault {name!r}{hint} There are: {', '.join(FAULTS)}")
    return found
