"""A worker that performs a few jobs, once as it should, then with each fault at each command that it sends."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from jobkit.backend import Capabilities
from jobkit_conformance.env import Env
from jobkit_conformance.network.faults import ALWAYS, possible
from jobkit_conformance.network.run_worker_case import WorkerCaseRun
from jobkit_conformance.network.sweep_result import SweepResult
from jobkit_conformance.network.tier import SILENT, TIMEOUTS
from jobkit_conformance.network.worker_case import Kind, WorkerFaultCase, token
from jobkit_conformance.render.timeline import as_timeline
from jobkit_conformance.render.timeline_data import as_story
from jobkit_conformance.reports.report import Failure
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.transport.proxy import Proxy
from jobkit_conformance.violations import RuleViolation

JUDGES: Final = {
    "W1": "a worker died",
    "W4": "a worker met a fault",
    "W6": "a worker met a fault",
    "W7": "a worker met a fault",
    "W8": "a worker met a fault",
    "W9": "a worker went on",
}
"""The rules that a sweep of workers judges, and without which coverage label it has nothing to say of them."""

BEFALLS_WORKERS: Final = ALWAYS | SILENT | {"flushed", "restarted"}
VERBS: Final = {"reserve": 0, "settle": 1, "extend": 2}
"""In which order the requests of a worker meet a fault; what else it sends comes after them."""
LEASES: Final = (0.3, 1.2)
"""Seconds. What fails with the short ones, on a machine that may be busy, is played again with the others."""


@dataclass
class Played:
    """One play."""

    env: Env
    commands: Sequence[str]
    """The verb of which each command is the request itself, else nothing."""
    struck: bool
    broken: RuleViolation | None


class WorkerSweep:
    """The cases of one backend, under jobkit's worker."""

    def __init__(self, ground: RunContext) -> None:
        self._ground = ground
        self._capabilities: Capabilities = ground.capabilities

    def search(self, rules: Collection[str], tell: Callable[[float], None]) -> SweepResult[WorkerFaultCase]:
        """Play as many as the profile affords, until one breaks one of these rules."""
        swept = SweepResult[WorkerFaultCase]()
        until = time.monotonic() + self._ground.profile.seconds
        plain = {kind: self.play(WorkerFaultCase(kind)) for kind in get_args(Kind)}
        for kind, played in plain.items():
            self._count(swept, WorkerFaultCase(kind), played, rules)
        cases = list(self._cases(plain))
        for place, case in enumerate(cases):
            if swept.broken is not None or time.monotonic() > until:
                break
            tell(place / len(cases))
            self._count(swept, case, self.play(case), rules)
        return swept

    def _cases(self, plain: dict[Kind, Played]) -> Iterator[WorkerFaultCase]:
        """Drawn from all that there are; every fault in turn, each at the request of every verb in turn, so that few
        cases meet many. Those of a reserve come first: there a fault reaches the worker itself."""
        chance = random.Random(self._ground.seed)  # noqa: S311  (which cases, not secrets)
        faults = [name for name in possible(self._ground.harness, self._capabilities) if name in BEFALLS_WORKERS]
        all = [
            (verb, WorkerFaultCase(kind, fault, at))
            for kind, played in plain.items()
            for fault in faults
            for at, verb in enumerate(played.commands, 1)
        ]
        chance.shuffle(all)
        rounds: Counter[tuple[str, str]] = Counter()
        order: dict[WorkerFaultCase, tuple[int, int]] = {}
        for verb, case in all:
            order[case] = rounds[case.fault, verb], VERBS.get(verb, len(VERBS))
            rounds[case.fault, verb] += 1
        turns: Counter[str] = Counter()
        place: dict[WorkerFaultCase, int] = {}
        for case in sorted(order, key=order.__getitem__):
            place[case] = turns[case.fault]
            turns[case.fault] += 1 if case.fault in ALWAYS else 3
        yield from sorted(place, key=place.__getitem__)[: self._ground.profile.workers]

    def _count(
        self, swept: SweepResult[WorkerFaultCase], case: WorkerFaultCase, played: Played, rules: Collection[str]
    ) -> None:
        swept.cases += 1
        if played.broken is not None and played.broken.rule in rules:
            swept.case, swept.broken = case, played.broken
        elif played.struck:
            swept.coverage["a worker met a fault"] += 1
            swept.coverage["a worker died" if case.fault == "dies" else "a worker went on"] += 1

    def play(self, case: WorkerFaultCase) -> Played:
        """Play one case; when it fails, once more with longer leases, and that counts."""
        patience = TIMEOUTS if case.fault in SILENT else (None, None)
        played = self._ground.run(self._play(case, Proxy(patience[0]), LEASES[0]))
        return played if played.broken is None else self._ground.run(self._play(case, Proxy(patience[1]), LEASES[1]))

    async def _play(self, case: WorkerFaultCase, way: Proxy, lease: float) -> Played:
        broken = None
        async with way as proxy:
            env = self._ground.env()
            play = WorkerCaseRun(env, case, proxy, lease)
            try:
                await play.play()
            except RuleViolation as found:
                broken = found
            finally:
                await env.close()
        return Played(env, play.commands, play.struck, broken)

    def told(self, case: WorkerFaultCase) -> tuple[str, str, RuleViolation | None]:
        """Play one case: what it is, its timeline, and what it broke. What a worker does is no program."""
        played = self.play(case)
        return f"# {case}", as_timeline(played.env.trace), played.broken

    def failure(self, case: WorkerFaultCase, broken: RuleViolation) -> Failure:
        """Play it once more, and write down its steps."""
        played = self.play(case)
        return Failure(
            seen=(played.broken or broken).observed,
            tier="a worker behind a proxy",
            timeline=as_timeline(played.env.trace),
            story=as_story(played.env.trace),
            replay=f"--replay {token(case)}",
        )
