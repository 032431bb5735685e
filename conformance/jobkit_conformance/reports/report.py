"""What a run found: one finding a rule, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobkit.backend import Capabilities
from jobkit_conformance.catalogue import BY_ID, Rule
from jobkit_conformance.render.timeline_data import TimelineData
from jobkit_conformance.verdicts import OPEN, Exit, Verdict, exit_of, headline_of

if TYPE_CHECKING:
    from jobkit_conformance.reports.waivers import Waiver


@dataclass(frozen=True)
class Failure:
    """How a rule was broken, in the fewest steps that were found."""

    seen: str
    tier: str
    program: str = ""
    timeline: str = ""
    replay: str = ""
    """What follows the command's target to see it again."""
    story: TimelineData | None = None
    """The steps as data."""
    shows_in: str = ""
    """The verb whose answer was wrong, as far as that can be told."""


@dataclass
class Finding:
    """Everything that a run found of one rule."""

    rule: Rule
    verdict: Verdict = Verdict.NOT_RUN
    cases: int = 0
    seconds: float = 0.0
    coverage: Counter[str] = field(default_factory=Counter[str])
    failure: Failure | None = None
    note: str = ""
    """Why it is not kept, when that is not a failure."""
    waiver: Waiver | None = None
    """Why it may be broken, and for how long."""


@dataclass
class Report:
    """The findings of one run over one backend, in the catalogue's order."""

    target: str
    backend: str
    capabilities: Capabilities | None
    clock: str
    profile: str
    seed: int
    findings: Mapping[str, Finding]
    seconds: float = 0.0
    allow_incomplete: bool = False
    accepted_unclaimed: tuple[str, ...] = ()
    """Options that are not claimed and were not refused."""
    unsound: str = ""
    """Why nothing was judged: what the harness' author has to mend."""
    asked: frozenset[str] = frozenset()
    """The rules that were asked for, when not all were: the exit code speaks of them only."""
    worker_counts: bool = True
    """Whether the rules about workers are part of the verdict, or shown beside it."""
    remarks: tuple[str, ...] = ()
    """What else its reader has to know, such as of waivers that ended."""

    @property
    def _verdicts(self) -> dict[str, Verdict]:
        return {id: finding.verdict for id, finding in self.findings.items()}

    @property
    def counted(self) -> Counter[Verdict]:
        return Counter(finding.verdict for finding in self.findings.values())

    @property
    def exit(self) -> Exit:
        if self.unsound:
            return Exit.KIT_FAILED
        return exit_of(
            answering(self._verdicts, asked=self.asked, worker_counts=self.worker_counts),
            accepted_unclaimed=bool(self.accepted_unclaimed),
            allow_incomplete=self.allow_incomplete,
        )

    @property
    def complete(self) -> bool:
        return not self.unsound and not OPEN & set(answering(self._verdicts, worker_counts=self.worker_counts))

    @property
    def headline(self) -> str:
        """CONFORMANT, INCOMPLETE, NOT CONFORMANT, or THE KIT FAILED."""
        return headline_of(self.exit, complete=self.complete)

    def failed(self) -> list[Finding]:
        """What is broken, and where the kit itself failed."""
        return [finding for finding in self.findings.values() if finding.verdict in (Verdict.BROKEN, Verdict.ERROR)]


def answering(
    verdicts: Mapping[str, Verdict], *, asked: Collection[str] = (), worker_counts: bool = True
) -> list[Verdict]:
    """The verdicts that a backend answers for: of what was asked, else of all but a worker that is not its own.

    The kit's own failures count wherever they happen.
    """
    return [
        verdict
        for id, verdict in verdicts.items()
        if verdict is Verdict.ERROR or (id in asked if asked else worker_counts or not _judges_worker(id))
    ]


def _judges_worker(id: str) -> bool:
    rule = BY_ID.get(id)  # a report may be of another version's catalogue
    return rule is not None and rule.judges_worker


def blank() -> dict[str, Finding]:
    """A finding for every rule there is: what is missing from a run shows."""
    return {id: Finding(rule) for id, rule in BY_ID.items()}
