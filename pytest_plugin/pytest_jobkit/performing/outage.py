"""An outage: enqueues that find no broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobkit.errors import BackendUnavailable

if TYPE_CHECKING:
    from typing import Self

    from pytest_jobkit.case import Case


class Outage:
    """``with jobs.broker_down(...):`` fails some of the enqueues inside."""

    def __init__(self, case: Case, at: int, count: int) -> None:
        if at < 1 or count < 1:
            raise ValueError(f"broker_down counts enqueues from 1: not at={at}, count={count}")
        self._case = case
        self._at = at
        self._count = count
        self.seen = 0
        """How many enqueues there were."""

    def strike(self) -> None:
        """Called at each enqueue."""
        self.seen += 1
        if self._at <= self.seen < self._at + self._count:
            self._case.note("an enqueue found the broker down, as jobs.broker_down() asked")
            raise BackendUnavailable(f"jobs.broker_down(): enqueue {self.seen} inside this block finds no broker")

    def __enter__(self) -> Self:
        self._case.outages.append(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        self._case.outages.remove(self)
        if kind is None and self.seen < self._at:
            seen = {0: "no enqueue was", 1: "only 1 enqueue was"}.get(self.seen, f"only {self.seen} enqueues were")
            raise AssertionError(f"broker_down(at={self._at}) failed nothing: {seen} inside of it")
