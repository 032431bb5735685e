"""The guard against jobs that enqueue each other for ever."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from jobkit.errors import JobkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_jobkit.recording.entry import Entry

ENDS = 2
"""How many jobs of a long chain are shown at either end."""


class TooManyPerforms(JobkitError, AssertionError):
    """A verb performed as many jobs as it may, and more are due: perhaps they enqueue each other for ever."""


def too_many_jobs(performed: Sequence[Entry], limit: int, verb: str) -> TooManyPerforms:
    """The error, with the chain that feeds itself."""
    last = performed[-1]
    chain = _chain(last)
    lines = [f"{verb} stopped after {limit} jobs, and more are due"]
    if len(chain) > 1:
        lines += [f"the chain that feeds itself: {_shown(chain)}", *_feeders(chain)]
    elif last.attempt > 1:
        lines.append(f"{last.short} is at attempt {last.attempt}, and its retries do not wait")
    else:
        lines.append(f"none of them was enqueued by another; if there really are so many, say {verb[:-1]}limit=...)")
    return TooManyPerforms("\n".join(lines))


def too_deeply_nested(entry: Entry, depth: int) -> TooManyPerforms:
    """The error for jobs that are performed inside each other's enqueues."""
    chain = _chain(entry)
    return TooManyPerforms(
        "\n".join([f"{depth} jobs are running inside each other: {_shown(chain)}", *_feeders(chain)])
    )


def _chain(entry: Entry) -> list[Entry]:
    """From the job that a test enqueued down to this one."""
    chain = [entry]
    while chain[-1].parent is not None:
        chain.append(chain[-1].parent)
    return chain[::-1]


def _shown(chain: Sequence[Entry]) -> str:
    shown = [entry.short for entry in chain]
    if len(shown) > 2 * ENDS:
        shown = [*shown[:ENDS], "...", *shown[-ENDS:]]
    return " -> ".join(shown)


def _feeders(chain: Sequence[Entry]) -> list[str]:
    """Who enqueues whom, and where: once each."""
    pairs = {
        (parent.job_name, child.job_name): f"{_name(child)} is enqueued by {_name(parent)} at {child.site}"
        for parent, child in pairwise(chain)
    }
    return list(pairs.values())


def _name(entry: Entry) -> str:
    return entry.job_name if entry.job is None else entry.job.short_name
