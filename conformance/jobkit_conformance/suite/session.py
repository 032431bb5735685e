"""One run that is asked rule by rule, in one process: what judges several rules is played once, for the first."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from jobkit_conformance import targets
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.plugin import PIECE
from jobkit_conformance.production_mode import production_mode
from jobkit_conformance.profiles import PROFILES, Profile
from jobkit_conformance.reports import waivers
from jobkit_conformance.reports.failures import failures
from jobkit_conformance.reports.report import Finding, Report
from jobkit_conformance.reports.text import GLYPHS
from jobkit_conformance.reports.waivers import Waiver
from jobkit_conformance.runner import Run
from jobkit_conformance.suite.transport import encode
from jobkit_conformance.tiers.task import TierTask
from jobkit_conformance.verdicts import OPEN, Verdict


@dataclass(frozen=True, eq=False)
class SelectedRule:
    """What a test module states; None where pytest's options decide."""

    harness: type[BackendHarness] | BackendHarness | str
    profile: str | None = None
    seed: int | None = None
    waivers: Path | None = None
    allow_incomplete: bool = False
    url: str | None = None

    @property
    def target(self) -> str:
        """How the command takes it, as far as that can be told."""
        if isinstance(self.harness, str):
            return self.harness
        kind = self.harness if isinstance(self.harness, type) else type(self.harness)
        return f"{kind.__module__}:{kind.__qualname__}"

    def open(self) -> BackendHarness:
        """The harness itself; raises `targets.BadTarget`."""
        if isinstance(self.harness, str):
            return targets.find(self.harness, self.url)
        return self.harness() if isinstance(self.harness, type) else self.harness


BAD: Final = frozenset({Verdict.BROKEN, Verdict.ERROR})

_SESSIONS = pytest.StashKey[dict[SelectedRule, "Session"]]()


class Session:
    """The run of one test function."""

    def __init__(self, asked: SelectedRule, config: pytest.Config) -> None:
        option: Any = config.getoption
        profile = profile_of(asked.profile or option("--jobkit-profile", None) or "quick")
        self._allow_incomplete = asked.allow_incomplete or bool(option("--jobkit-allow-incomplete", default=False))
        self._waivers = _waivers(asked.waivers or option("--jobkit-waivers", None))
        self._target = asked.target
        self._harness = asked.open()
        seed = asked.seed if asked.seed is not None else option("--jobkit-seed", None)
        self._run = Run(self._harness, profile, 1 if seed is None else seed)
        self._run.expect(frozenset(waiver.rule for waiver in self._waivers))
        self._unsound: str | None = None
        self._left: Sequence[TierTask] = ()
        self._over: set[str] = set()
        config.add_cleanup(self._close)

    @staticmethod
    def of(config: pytest.Config, asked: SelectedRule) -> Session:
        """The session of this test function in this process: begun by the first item."""
        sessions = config.stash.setdefault(_SESSIONS, {})
        if asked not in sessions:
            sessions[asked] = Session(asked, config)
        return sessions[asked]

    def judge(self, item: pytest.Item, rule: str) -> None:
        """Play what judges a rule, keep what was found for the report, and end the item as its verdict says."""
        begun = time.monotonic()
        with production_mode():
            beside = self._play(rule)
        report = self._run.report(time.monotonic() - begun)
        report.allow_incomplete = self._allow_incomplete
        told = {rule, *beside}
        mine = [waiver for waiver in self._waivers if waiver.rule in told]
        waivers.apply(report, mine, dt.datetime.now(dt.UTC).date())
        item.stash[PIECE] = encode(report, told)
        also = [report.findings[id] for id in beside if report.findings[id].verdict in BAD]
        if also:
            pytest.fail("found beside what was asked:\n" + "\n".join(failures(also, self._target)), pytrace=False)
        if rule not in report.findings:
            _end_harness(report)
        elif self._unsound:
            pytest.fail("the harness is not sound, so nothing can be said of this rule", pytrace=False)
        else:
            _end(report.findings[rule], self._target, allow_incomplete=self._allow_incomplete)

    def _play(self, rule: str) -> list[str]:
        """What else turned out to be broken: rules whose own items are over, or will not play what this one played."""
        if self._unsound is None:
            self._unsound = self._run.begin(self._target)
            self._left = self._run.parts()
        before = self._broken()
        playing = [part for part in self._left if rule in part.judges]
        for part in playing:
            part.play()
        self._left = [part for part in self._left if part not in playing]
        self._over.add(rule)
        own = {id for part in playing for id in part.judges} - self._over
        return [id for id in self._broken() if id not in before and id != rule and id not in own]

    def _broken(self) -> list[str]:
        return [id for id in self._run.findings if self._run.finding(id).verdict in BAD]

    def _close(self) -> None:
        self._run.close()
        self._harness.close()


def profile_of(name: str) -> Profile:
    """The profile of this name; `ValueError` when there is none."""
    if name not in PROFILES:
        raise ValueError(f"there is no profile {name!r}: there are {', '.join(PROFILES)}")
    return PROFILES[name]


def _waivers(path: Path | str | None) -> list[Waiver]:
    return waivers.load(Path(path)) if path else []


def _end_harness(report: Report) -> None:
    """The item of the harness."""
    if report.unsound:
        pytest.fail(f"the harness is not sound, so nothing can be said of the backend\n{report.unsound}", pytrace=False)
    if report.accepted_unclaimed:
        names = ", ".join(report.accepted_unclaimed)
        pytest.fail(f"not refused: {names} is not claimed, and was accepted", pytrace=False)


def _end(finding: Finding, target: str, *, allow_incomplete: bool) -> None:
    """A kept rule passes; what says nothing of the backend is skipped with its reason; nothing else is quiet."""
    verdict, word = finding.verdict, GLYPHS[finding.verdict]
    reason = f"{word}: {finding.note}" if finding.note else word
    match verdict:
        case Verdict.KEPT:
            return
        case Verdict.REFUSED | Verdict.OUT_OF_SCOPE:
            pytest.skip(reason)
        case Verdict.WAIVED if finding.waiver is not None:
            pytest.xfail(f"waived until {finding.waiver.until}: {finding.waiver.reason}")
        case _ if verdict in OPEN and allow_incomplete:
            pytest.skip(f"{reason} (which --jobkit-allow-incomplete allows)")
        case _ if verdict in OPEN:
            pytest.fail(f"{finding.rule.id} could not be judged: {reason}\n{finding.rule.sentence}", pytrace=False)
        case _:
            pytest.fail("\n".join(failures([finding], target)).lstrip("\n"), pytrace=False)
