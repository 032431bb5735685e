"""What several clients do at once, as data: drawn from a seed, shrunk, stored in a token, and played again."""

from __future__ import annotations

import random
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from jobkit.backend import Capabilities
from jobkit_conformance.replay_token import decode, encode

SECOND: Final = 1_000
LEASES: Final = (SECOND, 2 * SECOND, 5 * SECOND)
RESTS: Final = (SECOND // 2, SECOND, 2 * SECOND, 3 * SECOND)
DELAYS: Final = (0, SECOND // 2, SECOND, 3 * SECOND)
KEYS: Final = ("k", "k", "k", "l")


class Enqueue(Struct, frozen=True, repr_omit_defaults=True, tag="put"):
    """Enqueue one job. ``after``: milliseconds; ``again``: once more where the first try failed."""

    id: str
    priority: int = 0
    after: int | None = None
    key: str | None = None
    again: bool = False


class Reserve(Struct, frozen=True, repr_omit_defaults=True, tag="take"):
    """Reserve. ``patience``: milliseconds after which the caller gives up and cancels its call."""

    limit: int = 1
    lease: int = SECOND
    wait: int = 0
    patience: int | None = None


class Settle(Struct, frozen=True, repr_omit_defaults=True, tag="end"):
    """Settle a delivery of one's own, by how long ago it was: 0 is the latest. ``how``: done, retry, release, dead."""

    how: str = "done"
    ago: int = 0
    after: int = 0


class Extend(Struct, frozen=True, repr_omit_defaults=True, tag="keep"):
    """Extend the lease of a delivery of one's own."""

    ago: int = 0
    lease: int = SECOND


class Sleep(Struct, frozen=True, repr_omit_defaults=True, tag="rest"):
    """Do nothing for so many milliseconds."""

    milliseconds: int = SECOND


class Cancel(Struct, frozen=True, repr_omit_defaults=True, tag="cancel"):
    """Cancel a job."""

    id: str


class Requeue(Struct, frozen=True, repr_omit_defaults=True, tag="requeue"):
    """Let a dead job live again."""

    id: str


class Delete(Struct, frozen=True, repr_omit_defaults=True, tag="delete"):
    """Remove a job, whatever its state."""

    id: str


class Job(Struct, frozen=True, repr_omit_defaults=True, tag="job"):
    """Enqueue a job that a worker can perform, and what it does there.

    It takes ``ms``; ``blocks``: without giving the event loop back; ``stubborn``: it goes on when it is cancelled;
    ``limited``: it has a hard limit. So many of its first attempts as ``fails`` says fail with ``error``: error, alien
    or cancelled. ``child``: the id of a job that it enqueues first.
    """

    id: str
    ms: int = 0
    fails: int = 0
    error: str = "error"
    blocks: bool = False
    stubborn: bool = False
    limited: bool = False
    child: str | None = None
    priority: int = 0
    after: int | None = None


class StartWorker(Struct, frozen=True, repr_omit_defaults=True, tag="work"):
    """Start a worker, as a process of its own; milliseconds. What follows in the same script happens to it."""

    concurrency: int = 1
    lease: int = 3 * SECOND
    grace: int = SECOND


class PauseProcess(Struct, frozen=True, repr_omit_defaults=True, tag="freeze"):
    """Nothing of this script's worker runs for so long."""

    milliseconds: int = 3 * SECOND


class Partition(Struct, frozen=True, repr_omit_defaults=True, tag="cut"):
    """Nothing travels between this script's worker and the store for so long."""

    milliseconds: int = SECOND


class Crash(Struct, frozen=True, repr_omit_defaults=True, tag="crash"):
    """Nothing of this script's worker ever runs again."""


class Stop(Struct, frozen=True, repr_omit_defaults=True, tag="stop"):
    """Ask this script's worker to stop, as TERM does."""


Step: TypeAlias = (
    Enqueue
    | Reserve
    | Settle
    | Extend
    | Sleep
    | Cancel
    | Requeue
    | Delete
    | Job
    | StartWorker
    | PauseProcess
    | Partition
    | Crash
    | Stop
)


class Scenario(Struct, frozen=True, repr_omit_defaults=True):
    """A script a client, and what was decided while they were played. ``faulty``: requests and replies may get lost."""

    scripts: list[list[Step]]
    decisions: list[int] = []
    faulty: bool = False


PREFIX: Final = "s-"


def token(scenario: Scenario) -> str:
    """A scenario as one word."""
    return PREFIX + encode(scenario)


def from_token(word: str) -> Scenario:
    """The scenario that a word stands for; ``ValueError`` when it stands for none."""
    return decode(word.removeprefix(PREFIX), Scenario)


def draw(chance: random.Random, capabilities: Capabilities) -> Scenario:
    """A few clients around a few jobs, so that they meet."""
    ids = [chr(ord("a") + number) for number in range(chance.randint(1, 4))]
    scripts: list[list[Step]] = [[] for _ in range(chance.randint(2, 3))]
    keyed = capabilities.keys and chance.random() < 0.3
    for script in scripts:
        for _ in range(chance.randint(1, 3)):
            script.extend(_scene(chance, ids, capabilities))
    for id in ids:
        owner = chance.choice(scripts)
        early = chance.random() < 0.6
        owner.insert(0 if early else chance.randint(0, len(owner)), _put(chance, id, capabilities, keyed=keyed))
    return Scenario(scripts, faulty=chance.random() < 0.5)


def _put(chance: random.Random, id: str, capabilities: Capabilities, *, keyed: bool) -> Enqueue:
    return Enqueue(
        id,
        priority=_priority(chance, capabilities),
        after=chance.choice(DELAYS) if capabilities.delay and chance.random() < 0.4 else None,
        key=chance.choice(KEYS) if keyed else None,
        again=chance.random() < 0.5,
    )


def _priority(chance: random.Random, capabilities: Capabilities) -> int:
    if capabilities.priority is None or chance.random() < 0.7:
        return 0
    return chance.randint(*capabilities.priority)


def _scene(chance: random.Random, ids: list[str], capabilities: Capabilities) -> list[Step]:
    """Steps that belong together."""
    scenes = ["work", "work", "again", "late", "keep", "crash", "rest"]
    scenes += ["wait"] if capabilities.wait else []
    scenes += ["cancel"] if capabilities.cancel else []
    scenes += ["revive"] if capabilities.dead_letters else []
    scenes += ["delete"] if capabilities.inspect else []
    lease = chance.choice(LEASES)
    take = Reserve(limit=chance.randint(1, 3), lease=lease, patience=chance.choice((None, None, None, 100, SECOND)))
    match chance.choice(scenes):
        case "work":
            return [take, _end(chance, capabilities)]
        case "again":
            end = _end(chance, capabilities)
            return [take, end, Sleep(chance.choice((end.after, lease))), take, _end(chance, capabilities)]
        case "late":
            return [take, Sleep(chance.choice((lease, lease + SECOND))), _end(chance, capabilities)]
        case "keep":
            kept = Extend(lease=chance.choice(LEASES))
            return [take, Sleep(chance.choice(RESTS)), kept, Sleep(chance.choice(RESTS)), _end(chance, capabilities)]
        case "crash":
            return [take, Sleep(lease)]
        case "wait":
            waits = msgspec.structs.replace(take, wait=chance.choice((SECOND, 3 * SECOND)))
            return [waits, _end(chance, capabilities)]
        case "cancel":
            return [Cancel(chance.choice(ids))]
        case "revive":
            return [take, Settle("dead"), Requeue(chance.choice(ids))]
        case "delete":
            return [Delete(chance.choice(ids))]
        case _:
            return [Sleep(chance.choice(RESTS))]


def _end(chance: random.Random, capabilities: Capabilities) -> Settle:
    hows = ["done", "done", "retry", "release", *(["dead"] if capabilities.dead_letters else [])]
    how = chance.choice(hows)
    after = chance.choice(DELAYS) if how == "retry" and capabilities.delay else 0
    return Settle(how, ago=chance.choice((0, 0, 0, 1)), after=after)
