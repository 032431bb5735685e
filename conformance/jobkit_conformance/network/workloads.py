"""A short life for each verb: the client behind the proxy says the verb, and another has prepared what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jobkit.backend import Capabilities
from jobkit_conformance.env import MINUTE
from jobkit_conformance.network.case import OTHER, VICTIM, Case, Purge, Step, Wait
from jobkit_conformance.operations import (
    Cancel,
    Delete,
    End,
    Ending,
    Keep,
    Look,
    Pass,
    Pause,
    Put,
    Requeue,
    Resume,
    Spec,
    Take,
    Write,
)

QUEUE: Final = "q"


def scripts(capabilities: Capabilities, *, waits: bool) -> Iterator[Case]:
    """Without a fault. ``waits``: real time passes where a reserve waits."""
    yield Case([_put(VICTIM, "a"), _take(VICTIM), Keep(VICTIM, 0, MINUTE), _end(VICTIM, "done")], cold=True)
    for steps in _of_jobs(capabilities):
        yield Case(steps)
    if waits and capabilities.wait:
        yield Case([Wait(VICTIM, Spec("a"), MINUTE)])


def _of_jobs(capabilities: Capabilities) -> Iterator[list[Step]]:
    dead = capabilities.dead_letters
    look: list[Step] = [Look(OTHER)] if capabilities.inspect else []  # so that it is clear what had its effect
    yield [_put(VICTIM, "a")]
    yield [_put(VICTIM, "a", "b", "c")]
    yield [_put(OTHER, "a", "b"), _take(VICTIM, 2)]
    yield [_put(OTHER, "a", "b", "c"), _take(VICTIM, 1)] if capabilities.fifo else [_put(OTHER, "a"), _take(VICTIM)]
    for how in ("done", "retry", "release", *(["dead"] if dead else [])):
        yield [_put(OTHER, "a"), _take(OTHER), _end(VICTIM, how)]
    items = [Ending(1, "done"), Ending(0, "retry")]
    yield [_put(OTHER, "a", "b"), _take(OTHER, 2), End(VICTIM, items)]
    yield [_put(OTHER, "a"), _take(OTHER), _end(OTHER, "done"), _end(VICTIM, "done")]
    items = [Ending(1, "done"), Ending(0, "done")]
    yield [_put(OTHER, "a", "b"), _take(OTHER, 2), End(OTHER, items[:1]), End(VICTIM, items)]
    yield [_put(OTHER, "a"), _take(OTHER), Keep(VICTIM, 0, 5 * MINUTE)]
    if capabilities.delay:
        yield [Put(VICTIM, [Spec("a", after=5 * MINUTE)])]
        yield [_put(OTHER, "a"), _take(OTHER), End(VICTIM, [Ending(0, "retry", 5 * MINUTE)])]
    if capabilities.keys:
        yield [Put(VICTIM, [Spec("a", key="k"), Spec("b", key="k")])]
        yield [Put(VICTIM, [Spec("a", key="k")]), Put(OTHER, [Spec("b", key="k")])]
        keyed = Put(OTHER, [Spec("a", key="k")])
        again = [*look, Put(OTHER, [Spec("b", key="k")])]
        yield [keyed, _take(OTHER), _end(VICTIM, "done"), *again]
        yield [keyed, _take(OTHER), _end(VICTIM, "retry"), *again]
    yield from _by_id(capabilities)
    yield from _by_name(capabilities)


def _by_id(capabilities: Capabilities) -> Iterator[list[Step]]:
    key = "k" if capabilities.keys else None
    put, again = Put(OTHER, [Spec("a", key=key)]), Put(OTHER, [Spec("b", key=key)])
    if capabilities.cancel:
        yield [put, Cancel(VICTIM, "a"), again]
        yield [put, _take(OTHER), Cancel(VICTIM, "a"), Keep(OTHER, 0, MINUTE)]
    if capabilities.dead_letters:
        yield [put, _take(OTHER), _end(OTHER, "dead"), Requeue(VICTIM, "a"), again]
    if capabilities.inspect:
        yield [put, Delete(VICTIM, "a"), again]
        yield [_put(OTHER, "a", "b"), Purge(VICTIM, QUEUE, "ready")]
        yield [_put(OTHER, "a", "b"), _take(OTHER), Look(VICTIM)]


def _by_name(capabilities: Capabilities) -> Iterator[list[Step]]:
    if capabilities.pause:
        yield [_put(OTHER, "a"), Pause(VICTIM, QUEUE), _take(OTHER), Resume(VICTIM, QUEUE)]
    if capabilities.cells:
        yield [Write(VICTIM, "cell", "x"), Look(OTHER)]
    if capabilities.checkpoints:
        kept = Keep(VICTIM, 0, 5 * MINUTE, "half")
        yield [_put(OTHER, "a"), _take(OTHER), kept, Pass(2 * MINUTE), _take(OTHER)]


def _put(client: int, *ids: str) -> Put:
    return Put(client, [Spec(id) for id in ids])


def _take(client: int, limit: int = 1) -> Take:
    return Take(client, [QUEUE], limit, MINUTE)


def _end(client: int, how: str) -> End:
    return End(client, [Ending(0, how)])
