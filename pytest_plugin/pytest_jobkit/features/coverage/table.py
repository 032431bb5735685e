"""The coverage as a table, and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = {
    "enqueued": "enqueued",
    "performed": "performed",
    "failed": "failed",
    "retried": "retried",
    "twice": "delivered twice",
}


@dataclass(frozen=True)
class Coverage:
    """The declared jobs, and in how many tests what was done with them."""

    jobs: Sequence[str]
    counts: Mapping[tuple[str, str], int]

    def of(self, job: str, did: str) -> int:
        return self.counts.get((job, did), 0)

    @property
    def performed(self) -> int:
        return sum(self.of(job, "performed") > 0 for job in self.jobs)

    @property
    def percent(self) -> float:
        """Of the jobs, those that some test performed; all of none."""
        return 100 * self.performed / len(self.jobs) if self.jobs else 100.0

    def as_data(self) -> dict[str, Any]:
        """For other programs: counts are numbers of tests."""
        return {
            "jobs": {job: {did: self.of(job, did) for did in COLUMNS} for job in self.jobs},
            "performed": self.performed,
            "declared": len(self.jobs),
            "percent": round(self.percent, 2),
        }


def table(coverage: Coverage) -> list[str]:
    """A line a job: in how many tests, and a dash for never; then what it comes to."""
    if not coverage.jobs:
        return ["no jobs are declared in the modules that this run imported"]
    width = max(map(len, ("job", *coverage.jobs)))
    lines = [f"{'job':<{width}}  {'  '.join(COLUMNS.values())}   (tests)"]
    for job in coverage.jobs:
        cells = (f"{coverage.of(job, did) or '-':>{len(title)}}" for did, title in COLUMNS.items())
        lines.append(f"{job:<{width}}  {'  '.join(cells)}")
    never = [f"{count} never {title}" for did, title in COLUMNS.items() if (count := _never(coverage, did))]
    lines.append(
        f"performed by tests: {coverage.performed} of {len(coverage.jobs)} jobs ({coverage.percent:.0f}%)"
        f"{'; ' + ', '.join(never) if never else ''}"
    )
    return lines


def _never(coverage: Coverage, did: str) -> int:
    return sum(coverage.of(job, did) == 0 for job in coverage.jobs)
