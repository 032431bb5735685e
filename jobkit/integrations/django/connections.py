"""Database connections of the threads that perform plain jobs: given up when they are old or broken."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import close_old_connections

from jobkit.execute.context import JobContext


def connections(job: JobContext) -> Iterator[None]:
    """A middleware around performing: what Django does around each request, ``App(perform=[connections])``."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
