"""The search: clean runs first, then schedules, until one fails; that is made smaller, and told."""

from __future__ import annotations

import shlex
import zlib
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from pytest_jobkit.chaos import refusals
from pytest_jobkit.chaos import schedules as drawing
from pytest_jobkit.chaos.choices import ChoiceSequence
from pytest_jobkit.chaos.describe import describe_all
from pytest_jobkit.chaos.fault import Schedule, token
from pytest_jobkit.chaos.injector import Injector
from pytest_jobkit.chaos.reported_run import Verdict
from pytest_jobkit.chaos.shrink import shrink
from pytest_jobkit.chaos.trial import Failure, Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

FURTHER = 12
"""After the first failure so many more schedules are tried, for failures of another kind."""

SHRINKS = 40
"""How many runs it may take to make one failure smaller, also beyond the budget."""


@dataclass(frozen=True)
class Settings:
    """``kinds``: the faults that may be drawn. ``asked``: whether the test itself asks for chaos.

    ``options``: what a command line needs that is to do the same.
    """

    runs: int
    kinds: frozenset[str]
    sweeps: bool
    seed: int
    asked: bool
    options: tuple[str, ...] = ()


class Search:
    """Of one test. ``play``: runs it once with this injector. ``tick``: told of each run, and of how many at most."""

    def __init__(
        self,
        item: pytest.Item,
        settings: Settings,
        play: Callable[[Injector], Trial],
        tick: Callable[[int, int | None], None],
    ) -> None:
        self._item = item
        self._settings = settings
        self._play = play
        self._tick = tick
        self._planned: int | None = None if settings.sweeps else settings.runs
        self._needed: dict[tuple[str, int], int] = {}
        self.runs = 0
        self._twice: set[str] = set()
        self._schedules = 0
        self._failed = 0

    def verdict(self, first: Trial) -> Verdict:
        """What is to be said of the test, which passed in a first run without any fault."""
        self.runs += 1
        return replace(self._found(first), twice=frozenset(self._twice))

    def _found(self, first: Trial) -> Verdict:
        second = self._clean()
        if second.failure is not None:
            return self._refused(refusals.state_leaks(second.failure, self._item, after_a_failure=False))
        if refusal := refusals.nondeterministic(first, second, self._item):
            return self._refused(refusal)
        if not any(point.possible for point in first.points):
            return self._refused(refusals.no_jobs()) if self._settings.asked else Verdict(left_out="performs no job")
        for point in first.points:
            key = (point.place.job, point.place.nth)
            self._needed[key] = max(self._needed.get(key, 1), point.place.attempt)
        return self._sweep(first) if self._settings.sweeps else self._explore(first)

    @staticmethod
    def _refused(reason: str) -> Verdict:
        return Verdict(section=reason, otherwise=reason)

    # Runs.

    def injector(self, decisions: ChoiceSequence) -> Injector:
        settings = self._settings
        return Injector(decisions, settings.kinds, test=self._item.path, needed=self._needed, sweeps=settings.sweeps)

    def _clean(self) -> Trial:
        return self._run(ChoiceSequence())

    def _run(self, decisions: ChoiceSequence) -> Trial:
        self.runs += 1
        self._tick(self.runs, self._planned)
        return self._play(self.injector(decisions))

    def _try(self, decisions: ChoiceSequence) -> Trial:
        trial = self._run(decisions)
        self._twice |= trial.twice
        self._schedules += 1
        self._failed += _fails(trial)
        return trial

    # By chance.

    def _explore(self, clean: Trial) -> Verdict:
        chance = Random(zlib.crc32(f"{self._settings.seed}:{self._item.nodeid}".encode()))  # noqa: S311 - no secret
        found: dict[Failure, tuple[Trial, Trial]] = {}
        until = self._settings.runs - 1  # one more is reported
        for decisions in drawing.schedules(clean.points, chance, until):
            if self.runs >= until:
                break
            trial = self._try(decisions)
            if trial.failure is None or trial.failure.skipped or trial.failure in found:
                continue
            if not found:
                again = self._clean()
                if again.failure is not None:
                    return self._refused(refusals.state_leaks(again.failure, self._item, after_a_failure=True))
            found[trial.failure] = (trial, shrink(trial, self._same(trial.failure, self.runs + SHRINKS)))
            if len(found) == 1:
                until = min(until, self.runs + FURTHER)
        if not found:
            return Verdict(survived=self._schedules)
        return self._failing(*sorted(found.values(), key=lambda pair: pair[1].size))

    def _same(self, failure: Failure, limit: int) -> Callable[[Schedule], Trial | None]:
        def fails_too(schedule: Schedule) -> Trial | None:
            if self.runs >= limit:
                return None
            trial = self._run(ChoiceSequence(schedule))
            return trial if trial.failure == failure else None

        return fails_too

    def _failing(self, best: tuple[Trial, Trial], *others: tuple[Trial, Trial]) -> Verdict:
        found, small = best
        lines = [
            describe_all(small.told),
            "it passes when each job is delivered once, and in order",
            f"it failed under {self._failed} of {_count(self._schedules, 'schedule')}; {self.runs} runs in all",
        ]
        if len(found.schedule) > len(small.schedule):
            lines.append(f"shrunk from {len(found.schedule)} faults to {len(small.schedule)}")
        for _, other in others:
            lines += [f"it fails in another way too: {other.failure}", f"  when {'; '.join(other.told)}"]
            lines.append(f"  --jobkit-replay={token(other.schedule)}")
        return self._told(small, lines)

    def _told(self, small: Trial, lines: list[str]) -> Verdict:
        again = f"see it again:  {self._command(small.schedule)}"
        if small.failure is None:
            raise AssertionError("only what fails is told")
        return Verdict(
            schedule=small.schedule,
            section="\n".join([*lines, again]),
            note=f"{describe_all(small.told)}\n{again}",
            otherwise=f"{refusals.flaky(small.failure)}\n{describe_all(small.told)}",
        )

    def _command(self, schedule: Schedule) -> str:
        words = ["pytest", self._item.nodeid, f"--jobkit-replay={token(schedule)}", *self._settings.options]
        return shlex.join(words)

    # Point by point.

    def _sweep(self, clean: Trial) -> Verdict:
        schedules = drawing.crash_sweep(clean.points, clean.effects)
        self._planned = self.runs + len(schedules) + 1
        broken: list[Trial] = []
        for schedule in schedules:
            trial = self._try(ChoiceSequence(schedule))
            if trial.swallowed:
                return self._refused(_unkillable(trial))
            if not _fails(trial):
                continue
            if not broken:
                again = self._clean()
                if again.failure is not None:
                    return self._refused(refusals.state_leaks(again.failure, self._item, after_a_failure=True))
            broken.append(trial)
        if not broken:
            return Verdict(survived=self._schedules)
        lines = [
            describe_all(broken[0].told),
            f"it breaks at {len(broken)} of the {_count(len(schedules), 'point')} at which a worker can die here",
            *(f"  {' '.join(trial.told)}  ({token(trial.schedule)})" for trial in broken[1:]),
        ]
        return self._told(broken[0], lines)


def _fails(trial: Trial) -> bool:
    return trial.failure is not None and not trial.failure.skipped


def _unkillable(trial: Trial) -> str:
    return "\n".join(
        [
            "chaos can't judge this job: it went on after its worker had died",
            f"  {describe_all(trial.told)}",
            "  it catches BaseException, or all exceptions without naming one; a crash is not caught by anybody",
        ]
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what if number == 1 else f'{what}s'}"
