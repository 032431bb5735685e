"""A short life for each verb: the client behind the proxy says the verb, and another has prepared what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jobkit.backend import Capabilities
from jobkit_conformance.env import MINUTE
from jobkit_conformance.network.case import OBSERVER, VICTIM, FaultCase, Purge, Step, Wait
from jobkit_conformance.operations import (
    Advance,
    Cancel,
    CellSet,
    Delete,
    Enqueue,
    Extend,
    Inspect,
    MessageSpec,
    Pause,
    Requeue,
    Reserve,
    Resume,
    Settle,
    SettlementSpec,
)

QUEUE: Final = "q"


def workloads(capabilities: Capabilities, *, waits: bool) -> Iterator[FaultCase]:
    """Without a fault. ``waits``: real time passes where a reserve waits."""
    yield FaultCase(
        [_put(VICTIM, "a"), _take(VICTIM), Extend(VICTIM, 0, MINUTE), _end(VICTIM, "done")], unconnected=True
    )
    for steps in _of_jobs(capabilities):
        yield FaultCase(steps)
    if waits and capabilities.wait:
        yield FaultCase([Wait(VICTIM, MessageSpec("a"), MINUTE)])


def _of_jobs(capabilities: Capabilities) -> Iterator[list[Step]]:
    dead = capabilities.dead_letters
    look: list[Step] = [Inspect(OBSERVER)] if capabilities.inspect else []  # so that it is clear what had its effect
    yield [_put(VICTIM, "a")]
    yield [_put(VICTIM, "a", "b", "c")]
    yield [_put(OBSERVER, "a", "b"), _take(VICTIM, 2)]
    yield (
        [_put(OBSERVER, "a", "b", "c"), _take(VICTIM, 1)] if capabilities.fifo else [_put(OBSERVER, "a"), _take(VICTIM)]
    )
    for how in ("done", "retry", "release", *(["dead"] if dead else [])):
        yield [_put(OBSERVER, "a"), _take(OBSERVER), _end(VICTIM, how)]
    items = [SettlementSpec(1, "done"), SettlementSpec(0, "retry")]
    yield [_put(OBSERVER, "a", "b"), _take(OBSERVER, 2), Settle(VICTIM, items)]
    yield [_put(OBSERVER, "a"), _take(OBSERVER), _end(OBSERVER, "done"), _end(VICTIM, "done")]
    items = [SettlementSpec(1, "done"), SettlementSpec(0, "done")]
    yield [_put(OBSERVER, "a", "b"), _take(OBSERVER, 2), Settle(OBSERVER, items[:1]), Settle(VICTIM, items)]
    yield [_put(OBSERVER, "a"), _take(OBSERVER), Extend(VICTIM, 0, 5 * MINUTE)]
    if capabilities.delay:
        yield [Enqueue(VICTIM, [MessageSpec("a", after=5 * MINUTE)])]
        yield [_put(OBSERVER, "a"), _take(OBSERVER), Settle(VICTIM, [SettlementSpec(0, "retry", 5 * MINUTE)])]
    if capabilities.keys:
        yield [Enqueue(VICTIM, [MessageSpec("a", key="k"), MessageSpec("b", key="k")])]
        yield [Enqueue(VICTIM, [MessageSpec("a", key="k")]), Enqueue(OBSERVER, [MessageSpec("b", key="k")])]
        keyed = Enqueue(OBSERVER, [MessageSpec("a", key="k")])
        again = [*look, Enqueue(OBSERVER, [MessageSpec("b", key="k")])]
        yield [keyed, _take(OBSERVER), _end(VICTIM, "done"), *again]
        yield [keyed, _take(OBSERVER), _end(VICTIM, "retry"), *again]
    yield from _by_id(capabilities)
    yield from _by_name(capabilities)


def _by_id(capabilities: Capabilities) -> Iterator[list[Step]]:
    key = "k" if capabilities.keys else None
    put, again = Enqueue(OBSERVER, [MessageSpec("a", key=key)]), Enqueue(OBSERVER, [MessageSpec("b", key=key)])
    if capabilities.cancel:
        yield [put, Cancel(VICTIM, "a"), again]
        yield [put, _take(OBSERVER), Cancel(VICTIM, "a"), Extend(OBSERVER, 0, MINUTE)]
    if capabilities.dead_letters:
        yield [put, _take(OBSERVER), _end(OBSERVER, "dead"), Requeue(VICTIM, "a"), again]
    if capabilities.inspect:
        yield [put, Delete(VICTIM, "a"), again]
        yield [_put(OBSERVER, "a", "b"), Purge(VICTIM, QUEUE, "ready")]
        yield [_put(OBSERVER, "a", "b"), _take(OBSERVER), Inspect(VICTIM)]


def _by_name(capabilities: Capabilities) -> Iterator[list[Step]]:
    if capabilities.pause:
        yield [_put(OBSERVER, "a"), Pause(VICTIM, QUEUE), _take(OBSERVER), Resume(VICTIM, QUEUE)]
    if capabilities.cells:
        yield [CellSet(VICTIM, "cell", "x"), Inspect(OBSERVER)]
    if capabilities.checkpoints:
        kept = Extend(VICTIM, 0, 5 * MINUTE, "half")
        yield [_put(OBSERVER, "a"), _take(OBSERVER), kept, Advance(2 * MINUTE), _take(OBSERVER)]


def _put(client: int, *ids: str) -> Enqueue:
    return Enqueue(client, [MessageSpec(id) for id in ids])


def _take(client: int, limit: int = 1) -> Reserve:
    return Reserve(client, [QUEUE], limit, MINUTE)


def _end(client: int, how: str) -> Settle:
    return Settle(client, [SettlementSpec(0, how)])
