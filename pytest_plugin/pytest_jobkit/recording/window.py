"""A window: only what happens inside of a ``with`` block."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_jobkit.recording.log import Kind, Log

if TYPE_CHECKING:
    from typing import Self

    from pytest_jobkit.recording.recorder import Recorder


class Window:
    """The logs of what happens inside; they freeze at its end. ``pending``: enqueued inside, and waiting."""

    def __init__(self, tape: Recorder) -> None:
        self._tape = tape
        self._open()

    def _open(self) -> None:
        tape, jobs, executions = self._tape, len(self._tape.jobs), len(self._tape.executions)
        self.enqueued = Log("window.enqueued", tape, partial(tape.enqueued, jobs))
        self.pending = Log("window.pending", tape, partial(tape.pending, jobs))
        self.performed = Log("window.performed", tape, partial(tape.performed, executions), Kind.RUNS)
        self.failed = Log("window.failed", tape, partial(tape.failed, executions), Kind.FAILURES)
        self.dead = Log("window.dead", tape, partial(tape.dead, executions), Kind.FAILURES)

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("enqueued", "pending", "performed", "failed", "dead"):
            setattr(self, name, getattr(self, name).frozen())

    def __repr__(self) -> str:
        return "window"
