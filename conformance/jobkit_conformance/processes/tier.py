"""Plays plans until one shows that a rule is broken, and then the smallest that still does."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

from jobkit_conformance.checkers.processes import SAME_SIGHT, TIMED_RULES, judge
from jobkit_conformance.history.event_log import Event
from jobkit_conformance.processes import plan as plans
from jobkit_conformance.processes.coverage import coverage_labels
from jobkit_conformance.processes.plan import Abilities, Plan
from jobkit_conformance.processes.run_record import Violation
from jobkit_conformance.processes.system import Declared

SMALLER: Final = 4
"""How many times as long as what broke a rule the search for something smaller may take, at least: that is no slower
than its plays are, and one that shows twenty jobs and five faults tells little."""
PATIENT: Final = 3.0
"""How many times longer leases are, when what leans on time is looked at again."""

Play: TypeAlias = Callable[[Plan], Awaitable["Played"]]


@dataclass(frozen=True)
class Played:
    """A plan, its log, and what was declared while it was played."""

    plan: Plan
    events: Sequence[Event]
    declared: Declared

    def seen(self, rules: Collection[str]) -> Violation | None:
        """The first of these rules that it shows to be broken."""
        return next((seen for seen in judge(self.events, self.plan, self.declared) if seen.rule in rules), None)


@dataclass
class Found:
    """What playing came to."""

    cases: int = 0
    coverage: Counter[str] = field(default_factory=Counter[str])
    seen: Violation | None = None
    played: Played | None = None
    """The smallest that shows it."""
    doubts: dict[str, str] = field(default_factory=dict[str, str])
    """By rule, what was seen once and not again with more time: the machine was busy."""


class Search:
    """``play`` plays one plan. ``shrinking``: seconds in which what breaks a rule is made smaller, or as long as a few
    plays take; 0 for not at all.

    ``patient``: leases can be made longer, where what was seen leans on time; else it is only looked at again.
    """

    def __init__(self, play: Play, means: Abilities, shrinking: float, *, patient: bool = True) -> None:
        self._patient = patient
        self._play = play
        self._means = means
        self._shrinking = shrinking

    def plans(self, seed: int, count: int) -> Iterator[Plan]:
        """The one with everything, the one for order where that is claimed, and drawn ones: so many in all."""
        planned = [plans.fixed_plan(self._means), *([plans.in_order(self._means)] if self._means.order else [])]
        yield from planned[:count]
        for number in range(count - len(planned)):
            chance = random.Random(f"{seed} {number}")  # noqa: S311  (plans, not secrets)
            yield plans.draw(chance, self._means)

    async def search(
        self, seed: int, count: int, seconds: float, rules: Collection[str], tell: Callable[[float], None]
    ) -> Found:
        """Play plans, until one breaks one of ``rules``, or the time is over."""
        found, until = Found(), time.monotonic() + seconds
        for number, plan in enumerate(self.plans(seed, count)):
            if time.monotonic() > until and number:
                break
            tell(number / count)
            begun = time.monotonic()
            played = await self._play(plan)
            took = time.monotonic() - begun
            found.cases += 1
            found.coverage.update(coverage_labels(played.events, plan, played.declared))
            seen = played.seen(rules)
            if seen is None:
                continue
            if not await self._is_sure(found, plan, seen):
                continue
            found.seen, found.played = await self._smallest(played, seen, took)
            break
        return found

    async def _is_sure(self, found: Found, plan: Plan, seen: Violation) -> bool:
        """What no slow machine excuses counts at once; the rest when it is seen again with more time."""
        if seen.rule not in TIMED_RULES:
            return True
        found.cases += 1
        again = await self._play(_patient(plan) if self._patient else plan)
        if again.seen(SAME_SIGHT.get(seen.rule, {seen.rule})) is not None:
            return True
        found.doubts[seen.rule] = seen.words
        return False

    async def _smallest(self, played: Played, seen: Violation, took: float) -> tuple[Violation, Played]:
        until = time.monotonic() + (self._shrinking and max(self._shrinking, SMALLER * took))
        smaller = True
        while smaller:
            smaller = False
            for plan in plans.shrink_candidates(played.plan):
                if time.monotonic() > until:
                    break
                other = await self._play(plan)
                again = other.seen({seen.rule})
                if again is not None and plans.weight(plan) < plans.weight(played.plan):
                    seen, played, smaller = again, other, True
                    break
        return seen, played


def _patient(plan: Plan) -> Plan:
    """The same with longer leases, and with what is measured by them."""
    changes = {name: getattr(plan, name) * PATIENT for name in ("lease", "grace", "pace")}
    faults = [msgspec.structs.replace(fault, seconds=fault.seconds * PATIENT) for fault in plan.faults]
    tasks = [
        task._replace(
            milliseconds=round(task.milliseconds * (PATIENT if task.milliseconds > plan.lease * 1000 else 1)),
            after=round(task.after * PATIENT),
        )
        for task in plan.tasks
    ]
    return msgspec.structs.replace(plan, faults=faults, tasks=tasks, **changes)
