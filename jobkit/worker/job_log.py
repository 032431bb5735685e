"""What a worker tells of an execution that ended: an event, and a line in the words that an operator greps for."""

from __future__ import annotations

import logging

from jobkit import events
from jobkit.execute.context import JobContext
from jobkit.execute.machine import NotStarted
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import error_summary
from jobkit.redaction import printable

log = logging.getLogger("jobkit.worker")


def log_outcome(context: JobContext, outcome: Outcome) -> None:
    """One line an ending, in the words that an operator greps for."""
    if events.observers:
        events.emit(
            events.Ended(id=context.id, job=context.job, queue=context.queue, attempt=context.attempt, outcome=outcome)
        )
    match outcome.state:
        case Performed.DEAD:
            log.error("%r is dead: %s", context, _first_line(outcome), exc_info=outcome.error)
        case Performed.RETRYING:
            error = error_summary(outcome.error) if outcome.error else ""
            log.warning("%r raised %s; again in %.3g s", context, error, outcome.retry_in or 0)
        case Performed.INTERRUPTED if isinstance(outcome.error, NotStarted):
            log.debug("%r could not be started and is given back: %s", context, outcome.error)
        case Performed.INTERRUPTED:
            log.info("%r was interrupted and is given back", context)
        case _:
            log.debug("%r %s", context, outcome.state.value)


def _first_line(outcome: Outcome) -> str:
    return printable((outcome.reason or "").partition("\n")[0], most=1000)
