"""Draws programs until one breaks a rule, and then the smallest that still breaks the same rule.

What breaks one is played again before it counts. When it does not break it again, it is a matter of what was seen: a
wrong answer is one, however seldom; that there was none in time a slow machine explains as well.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky

from jobkit.backend import Capabilities
from jobkit.errors import BackendUnavailable
from jobkit_conformance.generators import Generator
from jobkit_conformance.model_runner import ModelRunner
from jobkit_conformance.operations import Program, Step, token
from jobkit_conformance.profiles import Profile
from jobkit_conformance.violations import RuleViolation

ROUNDS: Final = 5
"""How often programs are drawn at most, where a coverage label is rare."""
_EVERY_CHECK: Final[Any] = tuple(HealthCheck)
"""Hypothesis' own alarms are about tests; these are programs."""
STRIDE: Final = 1_000_003
"""From one round's seed to the next."""


@dataclass
class Search:
    """What drawing programs came to."""

    cases: int = 0
    coverage: Counter[str] = field(default_factory=Counter[str])
    broken: RuleViolation | None = None
    steps: list[Step] = field(default_factory=list[Step])
    ran_out: bool = False
    """The time was over before all programs were drawn."""
    unconfirmed: dict[str, str] = field(default_factory=dict[str, str])
    """By rule, what was seen once and not again, and may be the machine's."""


class _Oracle:
    """Plays what is drawn, and remembers which programs broke the rule that was broken first."""

    def __init__(
        self, play: Callable[[Program], ModelRunner], machine: Generator, profile: Profile, rules: frozenset[str]
    ) -> None:
        self.found = Search()
        self._play = play
        self._machine = machine
        self._rules = rules
        self._shrinking = profile.shrinking
        self._deadline = time.monotonic() + profile.seconds
        self._breaking: dict[str, RuleViolation] = {}
        self._over = False
        """Nothing is left to be searched for: what was found can't be made smaller."""

    def one(self, steps: list[Step]) -> None:
        if self._over:
            return
        program = Program(self._machine.name, steps)
        if time.monotonic() > self._deadline:
            self._when_time_is_over(token(program))
            return
        self.found.cases += 1
        try:
            player = self._play(program)
        except RuleViolation as broken:
            if not self._counts(broken):
                self._count(broken.coverage)  # up to there all was as it should be
                return
            if self.found.broken is None:
                if not self._again(program, steps, broken):
                    return
                self._deadline = time.monotonic() + self._shrinking
            self.found.broken, self.found.steps = broken, steps
            self._breaking[token(program)] = broken
            raise
        self._count(player.coverage)

    def _again(self, program: Program, steps: list[Step], broken: RuleViolation) -> bool:
        """Whether the same program breaks it again."""
        self.found.cases += 1
        try:
            self._play(program)
        except RuleViolation as again:
            if again.rule == broken.rule:
                return True
        if isinstance(broken.__cause__, BackendUnavailable):
            self.found.unconfirmed.setdefault(broken.rule, broken.observed)
            return False
        self._over = True
        self.found.broken, self.found.steps = _once(broken), steps
        return False

    def _count(self, reached: Mapping[str, int]) -> None:
        if self.found.broken is None:
            self.found.coverage.update(reached)

    def _when_time_is_over(self, word: str) -> None:
        """Nothing is played any more; what is known to break is said once more, as the search wants to hear it."""
        if self.found.broken is None:
            self.found.ran_out = True
        elif word in self._breaking:
            raise self._breaking[word]

    def _counts(self, broken: RuleViolation) -> bool:
        first = self.found.broken
        return broken.rule == first.rule if first is not None else not self._rules or broken.rule in self._rules


def _once(broken: RuleViolation) -> RuleViolation:
    """Seen, and not seen again: what is replayed may show nothing."""
    once = RuleViolation(
        broken.rule, f"{broken.observed}\n(once: when the same program was played again, all was well)"
    )
    once.coverage, once.__cause__ = broken.coverage, broken.__cause__
    return once


def search(
    play: Callable[[Program], ModelRunner],
    machine: Generator,
    capabilities: Capabilities,
    profile: Profile,
    seed: int,
    gates: Iterable[str] = (),
    rules: frozenset[str] = frozenset(),
) -> Search:
    """Play drawn programs, and more of them while one of these coverage labels was not reached.

    With ``rules``, only breaks of those count.
    """
    judge, wanted = _Oracle(play, machine, profile, rules), set(gates)
    for turn in range(ROUNDS):
        _draw(judge, machine, capabilities, profile, seed + turn * STRIDE)
        found = judge.found
        if found.broken is not None or found.ran_out or all(found.coverage[name] for name in wanted):
            break
    return judge.found


def _draw(judge: _Oracle, machine: Generator, capabilities: Capabilities, profile: Profile, seed: int) -> None:
    test = hypothesis.given(machine.steps(capabilities))(judge.one)
    test = hypothesis.seed(seed)(test)
    test = settings(
        max_examples=profile.programs,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=_EVERY_CHECK,
        print_blob=False,
    )(test)
    try:
        test()
    except RuleViolation as broken:
        judge.found.broken = broken
    except Flaky:
        # A smaller program broke the rule once, and not again; it did so twice before, so it is broken all the same.
        if judge.found.broken is None:
            raise
