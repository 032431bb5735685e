"""What a worker has done so far, in numbers: for files, lines and supervisors that tell how it is."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class WorkerStats(Struct, frozen=True, kw_only=True):
    """Of one worker, or of several together.

    ``running``: executions now. ``ended``: of all that ended, without those that were given back; ``failed`` of these:
    to be tried again, or dead.
    """

    ready: bool = False
    running: int = 0
    ended: int = 0
    failed: int = 0
    given_back: int = 0

    @classmethod
    def total(cls, all: Iterable[WorkerStats]) -> WorkerStats:
        each = list(all)
        return cls(
            ready=bool(each) and all_ready(each),
            running=sum(one.running for one in each),
            ended=sum(one.ended for one in each),
            failed=sum(one.failed for one in each),
            given_back=sum(one.given_back for one in each),
        )


def all_ready(figures: Iterable[WorkerStats]) -> bool:
    return all(one.ready for one in figures)
