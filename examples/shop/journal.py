"""Who performed what, and when: a line at the start of each job and one at its end.

A middleware, and how one checks after a crash that nothing was lost. Lines of many workers go to one file, since an
append of a short line is one step.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

from jobkit import JobContext


def journal(job: JobContext) -> Iterator[None]:
    """Note the start and the end, if ``SHOP_JOURNAL`` names a file."""
    path = os.environ.get("SHOP_JOURNAL")
    if path is None:
        yield
        return
    _note(path, job, "start")
    yield
    _note(path, job, "end")


def _note(path: str, job: JobContext, what: str) -> None:
    line = json.dumps(
        {"id": job.id, "job": job.job, "attempt": job.attempt, "what": what, "pid": os.getpid(), "at": time.monotonic()}
    )
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)
