"""Runs everything there is over one backend, and says of every rule what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from jobkit.backend import Capabilities
from jobkit_conformance import capability_probe, preflight
from jobkit_conformance.check_runner import traceback_lines
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.network.case import FaultCase
from jobkit_conformance.network.worker_case import WorkerFaultCase
from jobkit_conformance.operations import Program
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.production_mode import production_mode
from jobkit_conformance.profiles import Profile
from jobkit_conformance.reports.report import Finding, Report
from jobkit_conformance.results import Results
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.scenario import Scenario
from jobkit_conformance.tiers import checks, network, processes, programs, simulation
from jobkit_conformance.tiers.task import TierTask
from jobkit_conformance.violations import RuleViolation

Recorded: TypeAlias = Program | Scenario | FaultCase | WorkerFaultCase | Plan
"""What a report names by a token: by one client after another, by several at once, behind a proxy, by processes."""

Progress = Callable[[str, float], None]
"""Hears what is played next, and what share of the run's time is likely over."""


class Run:
    """One run; ``rules`` restricts it to some."""

    def __init__(
        self, harness: BackendHarness, profile: Profile, seed: int, rules: frozenset[str] = frozenset()
    ) -> None:
        self._ground = RunContext(harness, profile, seed)
        self._ledger = Results(rules)
        self._capabilities: Capabilities | None = None
        self._unsound = ""
        self._unrefused: Mapping[str, str] = {}

    def expect(self, known: frozenset[str]) -> None:
        """These rules are known to be broken: no search stops where one of them is."""
        self._ledger.known = known

    def run(self, target: str, progress: Progress = lambda _words, _share: None) -> Report:
        """Play everything there is, and report."""
        begun = time.monotonic()
        with production_mode(), self._ground.runner:
            progress("is the harness sound?", 0.0)
            self.begin(target)
            parts = self.parts()
            total, over = sum(part.weight for part in parts), 0.0
            for part in parts:
                self._ground.tell = partial(_within, progress, part.words, (over, over + part.weight, total))
                self._ground.tell(0.0)
                part.play()
                over += part.weight
        return self.report(time.monotonic() - begun)

    # The same, piece by piece.

    def begin(self, target: str) -> str:
        """See whether the harness is sound; if not, why, and then there is nothing to play."""
        self._ground.target = target
        self._unsound = self._preflight()
        return self._unsound

    def parts(self) -> list[TierTask]:
        """All that there is to play, in order; nothing, where the harness is not sound."""
        if self._unsound:
            return []
        return [
            *checks.tasks(self._ground, self._ledger, self._unrefused),
            *programs.tasks(self._ground, self._ledger),
            *simulation.tasks(self._ground, self._ledger),
            *network.tasks(self._ground, self._ledger),
            *processes.tasks(self._ground, self._ledger),
        ]

    @property
    def findings(self) -> Mapping[str, Finding]:
        """By rule, in the catalogue's order; what is said of one in all is in `finding`."""
        return self._ledger.findings

    def finding(self, id: str) -> Finding:
        """What all that was played so far says of a rule."""
        return self._ledger.finding(id)

    def report(self, seconds: float) -> Report:
        """What all that was played so far comes to."""
        ground = self._ground
        return Report(
            target=ground.target,
            backend=ground.harness.describe(),
            capabilities=self._capabilities,
            clock=ground.harness.clock_mode,
            profile=ground.profile.name,
            seed=ground.seed,
            findings={id: self.finding(id) for id in self.findings},
            seconds=seconds,
            accepted_unclaimed=tuple(self._unrefused),
            unsound=self._unsound,
            asked=self._ledger.asked,
            worker_counts=ground.harness.worker_counts,
        )

    def close(self) -> None:
        """End the event loop, where parts were played one by one."""
        self._ground.runner.close()

    # One program.

    def replay(self, program: Recorded, target: str) -> tuple[str, str, RuleViolation | None]:
        """Play one thing that a report names: its code, its timeline, and what it broke."""
        self._ground.target = target
        with production_mode(), self._ground.runner:
            self._capabilities = self._ground.capabilities
            if isinstance(program, Plan):
                return processes.replay(self._ground, program)
            if isinstance(program, (FaultCase, WorkerFaultCase)):
                return network.replay(self._ground, program)
            if isinstance(program, Scenario):
                return simulation.replay(self._ground, program)
            return programs.replay(self._ground, program)

    def _preflight(self) -> str:
        """Why nothing can be judged, if so."""
        ground = self._ground
        try:
            self._capabilities = ground.capabilities
            for check in (preflight.check, preflight.check_clock):
                ground.run(ground.with_env(check))
            self._unrefused = ground.run(ground.with_env(capability_probe.accepted_unclaimed))
        except preflight.HarnessError as unsound:
            return str(unsound)
        except RuleViolation as broken:
            return broken.observed
        except Exception as error:  # noqa: BLE001
            return f"raised {type(error).__name__}: {error}\n{traceback_lines(error)}"
        return ""


def _within(progress: Progress, words: str, part: tuple[float, float, float], share: float) -> None:
    """Tell how far a part is, as a share of the whole. ``part``: where it begins and ends, and the whole.

    The next part begins where this one ends, to the last bit: a share never goes back.
    """
    begin, end, whole = part
    progress(words, min(begin + share * (end - begin), end) / whole)
