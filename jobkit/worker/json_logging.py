"""A log for machines: one JSON object a line."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from jobkit.execute.context import JobContext, current_job


class JSONFormatter(logging.Formatter):
    """``{"time": ..., "level": ..., "logger": ..., "message": ..., "process": ...}``

    And ``job``, ``id``, ``queue`` and ``attempt``, where a line is about one job; what is logged inside of one is too.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        context = _context(record)
        if context is not None:
            line |= {"job": context.job, "id": context.id, "queue": context.queue, "attempt": context.attempt}
        if record.exc_info is not None:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def _context(record: logging.LogRecord) -> JobContext | None:
    given = record.args if isinstance(record.args, tuple) else ()
    return next((each for each in given if isinstance(each, JobContext)), None) or current_job()
