"""What the errors of ``only`` and ``perform_one`` say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_jobkit.explain import line, missing, shown
from pytest_jobkit.standing import standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_jobkit.entry import Entry
    from pytest_jobkit.log import Log
    from pytest_jobkit.sought import Wanted


def not_one(wanted: Wanted | None, found: Sequence[Entry], log: Log) -> str:
    """Why `Log.only` raises."""
    what = "job" if wanted is None else shown(wanted)
    if found:
        return "\n".join([f"{len(found)} times {what} in {log.name}, not once", *map(line, found)])
    return "\n".join([f"no {what} in {log.name}", *([] if wanted is None else missing(wanted, log))])


def none_due(wanted: Wanted | None, pending: Log) -> str:
    """Why `Jobs.perform_one` raises."""
    what = "job" if wanted is None else shown(wanted)
    if not pending:
        return f"no {what} is due: nothing is pending"
    now = pending.tape.now_ms()
    return "\n".join([f"no {what} is due", *(f"{line(entry)}, {standing(entry, now)}" for entry in pending)])
