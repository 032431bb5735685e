"""What is done in one play, as data: jobs, workers and faults; drawn from a seed, shrunk, stored in a token."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from jobkit_conformance.processes.task import Task
from jobkit_conformance.replay_token import decode, encode

T = TypeVar("T")

SHORT: Final = (20, 50, 100, 200)
"""Milliseconds that a job takes."""
HIT: Final = 500
"""Milliseconds that one takes whose worker is to be hit: a kit on a busy machine has to be quick enough."""
LONGER: Final = 1.6
"""Leases that a long job takes, and that a stopped worker stands still."""
SLOWER: Final = 4.0
"""How many times as long as planned a worker stands still at most, on a machine on which nothing gets done."""
SHORTER: Final = 0.6
"""Leases that every other job of a roll call takes."""


CALL: Final = "roll"
"""How ids of roll calls begin."""
FIRST: Final = "first"
"""How ids of jobs begin that come before all others."""


def is_call(id: str) -> bool:
    """Whether a job is one of a roll call."""
    return id.startswith(CALL)


class Fault(Struct, frozen=True, repr_omit_defaults=True):
    """Something that goes wrong when the ``nth`` job of the plan first starts, to the worker on which it does.

    ``nth`` beyond the last job: when all of them are over. ``seconds``: how long it lasts; after a kill, how long
    nobody takes the lost worker's place. ``outlasts``: who stands still does so until that job has started too, be the
    machine as slow as it may, though no longer than `SLOWER` times as long; it is one to which nothing else happens.
    """

    kind: str
    nth: int
    seconds: float = 0.0
    outlasts: int = 0


class Plan(Struct, frozen=True, repr_omit_defaults=True):
    """One play. ``slots``: jobs at a time on each worker. In seconds: ``lease``, ``grace``, and ``pace`` between two
    batches of the producer. ``gathered``: every worker is there when the first job is offered.
    """

    tasks: list[Task]
    faults: list[Fault] = []
    workers: int = 2
    slots: int = 2
    lease: float = 1.0
    grace: float = 1.0
    pace: float = 0.02
    gathered: bool = False

    def warm_up_jobs(self, before: str, turn: int) -> list[Task]:
        """Short jobs for everybody who has come, before the first job or a roll call."""
        return [Task(f"{before}-up{turn}.{number}", SHORT[1]) for number in range(self.workers * self.slots)]

    def calls(self, turn: int = 0) -> list[Task]:
        """The jobs of a roll call: so many, and so long, that no worker can leave them all to the others.

        Every other one is over before the leases are: so somebody is free to take what is not kept.
        """
        lengths = [round(leases * self.lease * 1000) for leases in (LONGER, SHORTER)]
        return [Task(f"{CALL}{turn}.{number}", lengths[number % 2]) for number in range(self.workers * self.slots)]


FAULTS: Final = {
    "kill": "SIGKILL to the worker that began it, and for {seconds:g} s nobody in its place",
    "stop": "SIGSTOP to the worker that began it, and {seconds:g} s later SIGCONT",
    "term": "SIGTERM to the worker that began it, and another one when it has ended",
    "term, term": "SIGTERM twice to the worker that began it, and another one when it has ended",
    "hole": "for {seconds:g} s every byte between the store and the worker that began it is swallowed",
    "restart": "the store is killed, and is back {seconds:g} s later",
    "cut": "every connection to the store is cut",
    "full": "for {seconds:g} s the store refuses to grow",
    "producer": "SIGKILL to the producer, and another one goes on with the rest",
}
"""By kind, what happens; what a play may use depends on the hooks of its harness."""

EVERYWHERE: Final = frozenset({"kill", "stop", "term", "term, term", "producer"})
"""Faults that need no hook."""


def words(plan: Plan) -> Iterator[str]:
    """The plan, so that a reader could do the same by hand."""
    slots = f"{plan.slots} jobs at a time" if plan.slots > 1 else "one job at a time"
    yield f"{plan.workers} workers, {slots} each, leases of {plan.lease:g} s, a grace of {plan.grace:g} s"
    if plan.gathered:
        yield "short jobs until every worker has taken one, then"
    yield f"{len(plan.tasks)} jobs: {', '.join(map(_in_words, plan.tasks))}"
    for fault in sorted(plan.faults, key=lambda fault: fault.nth):
        quiet = fault.nth > len(plan.tasks)
        what = FAULTS[fault.kind].format(seconds=fault.seconds)
        if fault.outlasts:
            what += f", once {plan.tasks[fault.outlasts - 1].id} has started; or to the next, if this one has its share"
        yield f"when all are over: {_to_all(what)}" if quiet else f"when {plan.tasks[fault.nth - 1].id} starts: {what}"
    if not plan.faults:
        yield "no faults"
    lengths = f"{LONGER * plan.lease:g} s and {SHORTER * plan.lease:g} s in turn"
    yield f"in the end: short jobs until every worker has taken one, then {len(plan.calls())} of {lengths}"


def _in_words(task: Task) -> str:
    how = {"work": "", "kills": " kills its worker", "fails": " fails once"}[task.how]
    due = f" due after {task.after} ms" if task.after else ""
    return f"{task.id} {task.milliseconds} ms{how}{due}"


def _to_all(what: str) -> str:
    return what.replace("the worker that began it", "every worker")


# Which plans there are.


class Abilities(Struct, frozen=True):
    """What can be done here. ``faults``: their kinds. ``lease``: seconds. ``slack``: how late a lost job may be found.

    ``hows``: what else its jobs can do, of *kills* and *fails*. ``delay``: a job may be due later.
    """

    faults: frozenset[str] = EVERYWHERE
    lease: float = 1.0
    slack: float = 0.5
    hows: frozenset[str] = frozenset()
    delay: bool = False
    order: bool = False


PLANNED: Final = ("kill", "term", "stop", "producer", "full", "restart", "cut")
"""The faults of the first play, in this order, as far as they can be had. Who stands still does so until after the last
one, and lives on: one worker is lost then, one stands still, one is killed by its job where that is possible, and one
has nothing to do."""
STILL: Final = 5.0
"""Leases that it stands still there, at least: a job that kills its worker, and does so again a lease later, finds
others."""
GRACE: Final = 1.5
"""Leases of grace there. The job of a worker that is asked to stop takes one: so there is time to see what it goes on
to do."""
ENOUGH: Final = 4 * len(PLANNED) + 4
"""Jobs of the first play, however few faults can be had: who was started anew has come when the last one is lost."""
QUIET: Final = ("hole", "cut", "restart")
"""What may happen when all is quiet, before everybody is called: to the store, or to all ways that lead to it."""


def fixed_plan(means: Abilities) -> Plan:
    """One of each."""
    kinds = [kind for kind in PLANNED if kind in means.faults]
    tasks = [Task(f"j{number}", SHORT[number % len(SHORT)]) for number in range(1, ENOUGH + 1)]
    for long in range(5, len(tasks), 8):  # so that whoever comes or goes does so beside one
        tasks[long] = tasks[long]._replace(milliseconds=round(LONGER * means.lease * 1000))
    if means.delay:
        tasks[3] = tasks[3]._replace(after=round(means.lease * 700))
    faults = [Fault(kind, 4 * place + 3, _seconds(kind, means)) for place, kind in enumerate(kinds)]
    faults = [_still(fault, tasks, means) if fault.kind == "stop" else fault for fault in faults]
    for hit, kind in (*((fault.nth, fault.kind) for fault in faults), (len(tasks), "kill")):
        takes = round(means.lease * 1000) if kind == "term" else HIT
        tasks[hit - 1] = tasks[hit - 1]._replace(milliseconds=takes)
    for place, how in enumerate(sorted(means.hows, reverse=True)):
        tasks[place] = tasks[place]._replace(how=how)
    faults += [_last(tasks, means), *_quiet(QUIET[:1], tasks, means)]
    grace, pace = GRACE * means.lease, 0.4 * means.lease
    return Plan(tasks, faults, workers=4, lease=means.lease, grace=grace, pace=pace, gathered=True)


def _still(fault: Fault, tasks: Sequence[Task], means: Abilities) -> Fault:
    return msgspec.structs.replace(fault, seconds=STILL * means.lease, outlasts=len(tasks))


def in_order(means: Abilities) -> Plan:
    """One job at a time, and nothing goes wrong: the order is that of the enqueues."""
    tasks = [Task(f"j{number}", 20) for number in range(1, 21)]
    return Plan(tasks, workers=1, slots=1, lease=means.lease, grace=means.lease)


def draw(chance: random.Random, means: Abilities) -> Plan:
    """A few faults while a few jobs are performed."""
    count = chance.randint(12, 30)
    tasks = [_task(chance, number, means) for number in range(1, count + 1)]
    for how in sorted(means.hows):
        if chance.random() < 0.5:
            place = chance.randrange(count)
            tasks[place] = tasks[place]._replace(how=how)
    kinds = sorted(means.faults)
    faults = [_fault(chance, chance.choice(kinds), count, means) for _ in range(chance.randint(1, 5))]
    tasks[-1] = tasks[-1]._replace(milliseconds=HIT)
    if chance.random() < 0.7:
        faults.append(_last(tasks, means))
    if chance.random() < 0.5:
        faults += _quiet([chance.choice(QUIET)], tasks, means)
    workers, slots = chance.choice(((2, 2), (2, 1), (3, 2), (2, 4)))
    grace, pace = means.lease * chance.choice((0.3, 1, 2)), means.lease * chance.choice((0.02, 0.2, 0.4))
    return Plan(tasks, faults, workers, slots, means.lease, grace, pace)


def _task(chance: random.Random, number: int, means: Abilities) -> Task:
    long = chance.random() < 0.08
    milliseconds = round(LONGER * means.lease * 1000) if long else chance.choice((*SHORT, HIT))
    after = round(chance.choice((0.3, 1.2)) * means.lease * 1000) if means.delay and chance.random() < 0.15 else 0
    return Task(f"j{number}", milliseconds, after=after)


def _fault(chance: random.Random, kind: str, count: int, means: Abilities) -> Fault:
    seconds = _seconds(kind, means)
    if kind in ("kill", "restart"):
        seconds = chance.choice((0.0, seconds))
    return Fault(kind, chance.randint(1, count), seconds)


def _seconds(kind: str, means: Abilities) -> float:
    return {"kill": 0.0, "stop": LONGER * means.lease, "hole": LONGER * means.lease, "restart": 0.2, "full": 0.5}.get(
        kind, 0.0
    )


def _last(tasks: Sequence[Task], means: Abilities) -> Fault:
    """Who performs the last job is lost, and nobody comes in time: others have to find it on an idle store.

    Nobody comes for a while longer: who finds it late is told apart from who finds it when somebody comes. Where it is
    found in time nobody waits for that.
    """
    return Fault("kill", len(tasks), means.lease + means.slack + LATE + ALONE)


def _quiet(kinds: Sequence[str], tasks: Sequence[Task], means: Abilities) -> list[Fault]:
    return [Fault(kind, len(tasks) + 1, _seconds(kind, means)) for kind in kinds if kind in means.faults]


ALONE: Final = 3.0
"""Seconds more in which nobody comes who may find what others should have."""
LATE: Final = 2.0
"""Seconds that the finding of a lost job may be late, on a machine that is busy."""


# Smaller ones.


def shrink_candidates(plan: Plan) -> Iterator[Plan]:
    """Fewer faults, fewer jobs, plainer ones; the greatest steps first: a play takes seconds."""
    if plan.faults:
        yield msgspec.structs.replace(plan, faults=[])
    if len(plan.faults) > 1:
        yield from (_alone(plan, fault) for fault in plan.faults)
        for faults in _fewer(plan.faults):
            yield msgspec.structs.replace(plan, faults=faults)
    for tasks in _fewer(plan.tasks):
        if tasks:
            faults = [_within(fault, plan.tasks, tasks) for fault in plan.faults]
            yield msgspec.structs.replace(plan, tasks=tasks, faults=faults)
    if any(task.how != "work" or task.after for task in plan.tasks):
        yield msgspec.structs.replace(plan, tasks=[Task(task.id, task.milliseconds) for task in plan.tasks])


def _alone(plan: Plan, fault: Fault) -> Plan:
    """One fault, and of the jobs those that it needs: up to it, and as many as may run beside."""
    tasks = plan.tasks[: fault.nth + plan.workers * plan.slots]
    return msgspec.structs.replace(plan, tasks=tasks, faults=[_within(fault, plan.tasks, tasks)])


def _within(fault: Fault, before: Sequence[Task], tasks: Sequence[Task]) -> Fault:
    """The same for fewer jobs, of which it still hits its own if that is there; what comes when all are over does."""
    if fault.nth > len(before):
        return msgspec.structs.replace(fault, nth=len(tasks) + 1)
    outlasts = fault.outlasts and _place(before[fault.outlasts - 1], fault.outlasts, tasks)
    return msgspec.structs.replace(fault, nth=_place(before[fault.nth - 1], fault.nth, tasks), outlasts=outlasts)


def _place(job: Task, nth: int, tasks: Sequence[Task]) -> int:
    return tasks.index(job) + 1 if job in tasks else min(nth, len(tasks))


def _fewer(items: Sequence[T]) -> Iterator[list[T]]:
    """None, one half, the other, all but one."""
    if items:
        yield []
    half = len(items) // 2
    if half:
        yield list(items[:half])
        yield list(items[half:])
    if len(items) > 2:
        yield from ([*items[:place], *items[place + 1 :]] for place in range(len(items)))


def weight(plan: Plan) -> tuple[int, int, int]:
    """What is smaller is easier to read."""
    return len(plan.faults), len(plan.tasks), sum(task.how != "work" or task.after > 0 for task in plan.tasks)


# As one word.

PREFIX: Final = "p-"


def token(plan: Plan) -> str:
    """A plan as one word."""
    return PREFIX + encode(plan)


def from_token(word: str) -> Plan:
    """The plan that a word stands for; ``ValueError`` when it stands for none."""
    plan = decode(word.removeprefix(PREFIX), Plan)
    if strange := {fault.kind for fault in plan.faults} - FAULTS.keys():
        raise ValueError(f"this replay token has a fault {min(strange)!r}, which this kit does not know")
    return plan
