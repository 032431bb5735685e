"""What the errors of ``only``, ``perform_one`` and ``wait_for`` say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_jobkit.recording.explain import line, missing, shown
from pytest_jobkit.recording.status_text import status_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.log import Log
    from pytest_jobkit.recording.matching import Matchable


def expected_one(wanted: Matchable | None, found: Sequence[Entry], log: Log) -> str:
    """Why `Log.only` raises."""
    what = "job" if wanted is None else shown(wanted)
    if found:
        many = f"{len(found)} jobs" if wanted is None else f"{len(found)} times {what}"
        return "\n".join([f"{many} in {log.name}, not {'one' if wanted is None else 'once'}", *map(line, found)])
    return "\n".join([f"no {what} in {log.name}", *([] if wanted is None else missing(wanted, log))])


def not_performed(wanted: Matchable, log: Log, why: str) -> str:
    """Why `Jobs.wait_for` raises."""
    return "\n".join([f"{shown(wanted)}: {why}", *missing(wanted, log)])


def nothing_due(wanted: Matchable | None, pending: Log) -> str:
    """Why `Jobs.perform_one` raises."""
    what = "job" if wanted is None else shown(wanted)
    if not pending:
        return f"no {what} is due: nothing is pending"
    now = pending.tape.now_ms()
    return "\n".join([f"no {what} is due", *(f"{line(entry)}, {status_text(entry, now)}" for entry in pending)])
