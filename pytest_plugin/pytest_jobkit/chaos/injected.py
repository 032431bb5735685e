"""What went wrong in one run: a fault, the job that it befell, and what that can be told with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_jobkit.chaos.fault import Fault
    from pytest_jobkit.recording.entry import Entry


@dataclass
class InjectedFault:
    """``what``: the job, as it reads in code. ``took``: whether it made a difference; what did not is no part of it."""

    fault: Fault
    what: str
    where: str = ""
    """Of a crash in the middle, how far the job was; of a refused enqueue, who made it."""
    overtaken_by: list[str] = field(default_factory=list[str])
    """What was performed meanwhile."""
    had_effect: bool = False
    swallowed: bool = False
    """The job went on after its worker had died: it caught what no crash lets anybody catch."""

    def record_overtaking(self, other: Entry) -> None:
        self.overtaken_by.append(other.short)
        self.had_effect = True
