"""Whether there is a world in which every answer is right: where nobody knows whether a call had its effect, both are.

A call that was not answered had its effect once or not at all; of a settle, or a reserve, each item for itself. One
that was held up took effect at one instant between its beginning and its end. Everything else is known exactly, so
each world is a model that is asked step by step; and a fault is a finding only when no world is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy, deepcopy
from itertools import chain, combinations
from typing import Any

from jobkit.backend import Delivery, Indeterminate, NotFound, Settled, Stale, Stored
from jobkit_conformance.env import Env
from jobkit_conformance.model import Kept, Model
from jobkit_conformance.network.case import Purge, Wait
from jobkit_conformance.network.step_record import StepRecord
from jobkit_conformance.operation_records import outcome_name
from jobkit_conformance.operations import (
    Advance,
    Cancel,
    CellSet,
    Delete,
    Enqueue,
    Extend,
    Inspect,
    Pause,
    Requeue,
    Reserve,
    Resume,
    Settle,
)
from jobkit_conformance.oracle import check_delivery, check_grants
from jobkit_conformance.violations import RuleViolation


def find_contradiction(env: Env, did: Sequence[StepRecord]) -> tuple[StepRecord, RuleViolation] | None:
    """The step that no world explains, in the world that explains the most; None when there is nothing to explain."""
    search = _WorldSearch()
    for order in _orders(did):
        if search.explains(copy(env), order, Model(), 0):  # an environment learns where the clock stands, in this order
            return None
    return search.furthest


def _orders(did: Sequence[StepRecord]) -> Iterator[list[StepRecord]]:
    """What was under way while other things happened may have had its effect before, between, or after them."""
    held = next((place for place, each in enumerate(did) if each.was_faulted and each.meanwhile), None)
    if held is None:
        yield list(did)
        return
    rest = [*did[:held], *did[held + 1 :]]
    for earlier in range(did[held].meanwhile + 1):
        yield [*rest[: held - earlier], did[held], *rest[held - earlier :]]


class _WorldSearch:
    """Goes through the steps, and through both sides of what is not known."""

    def __init__(self) -> None:
        self.furthest: tuple[StepRecord, RuleViolation] | None = None
        self._reached = -1

    def explains(self, env: Env, did: Sequence[StepRecord], model: Model, place: int) -> bool:
        """Whether some world explains everything from this place on."""
        if place == len(did):
            return True
        step = did[place]
        if step.result != "answered":
            return any(self.explains(env, did, world, place + 1) for world in _after_no_answer(model, step))
        try:
            _answered(env, model, step)
        except RuleViolation as broken:
            vague = self.furthest is not None and self.furthest[1].rule == "I1"
            if place > self._reached or (place == self._reached and vague):
                self._reached, self.furthest = place, (step, broken)
            return False
        return self.explains(env, did, model, place + 1)


# Without an answer.


def _after_no_answer(model: Model, did: StepRecord) -> Iterator[Model]:
    """The worlds in which a call may have ended of which nothing was heard."""
    for items in _subsets(_items(model, did)):
        world = deepcopy(model)
        _apply(world, did, items)
        yield world


def _items(model: Model, did: StepRecord) -> list[Any]:
    """What of a call may have happened, or not, by itself."""
    match did.step:
        case Reserve(queues=queues, limit=limit):
            return [job.message.id for queue in queues for job in model.ready(queue)][:limit]
        case Wait(spec=spec):
            return [job.message.id for job in model.ready(spec.queue)][:1]
        case Settle():
            return list(did.asked)
        case Purge(queue=queue, state=state, limit=limit):
            return _purged(model, queue, state)[:limit]
        case Inspect():
            return []
        case _:
            return [did.step]


def _purged(model: Model, queue: str, state: str) -> list[str]:
    return [id for id, job in model.jobs.items() if job.message.queue == queue and model.state(id) == state]


def _subsets(items: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def _apply(world: Model, did: StepRecord, items: Sequence[Any]) -> None:  # noqa: C901 - a case a verb
    """Let these items of a call have their effect."""
    if not items:
        return
    match did.step:
        case Enqueue():
            for message in did.asked:
                world.enqueue(message)
        case Reserve(lease=lease) | Wait(lease=lease):
            for id in items:
                job = world.grant(id, f"unheard of: {id}", lease)
                if did.result == "given up":
                    world.settle(job.token, "release")
        case Settle():
            for token, item in items:
                world.settle(token, item.how, item.after, "why")
        case Extend(lease=lease, checkpoint=checkpoint):
            world.extend(did.asked, lease, None if checkpoint is None else checkpoint.encode())
        case Cancel(id=id) | Requeue(id=id) | Delete(id=id):
            getattr(world, did.verb)(id)
        case Purge():
            for id in items:
                world.delete(id)
        case Pause(queue=queue) | Resume(queue=queue):
            getattr(world, did.verb)(queue)
        case CellSet(cell=cell, value=value):
            world.write(cell, value.encode(), 0)
        case _:
            raise TypeError(f"{did.step} has no effect")


# With an answer.


def _answered(env: Env, model: Model, did: StepRecord) -> None:  # noqa: C901 - a case a verb
    """Let a call have its effect on a world, and see that it is the one that was answered."""
    match did.step:
        case Advance(milliseconds=milliseconds):
            model.advance(milliseconds)
        case Enqueue():
            for message, outcome in zip(did.asked, did.answer, strict=True):
                expected = model.enqueue(message)
                rule = _of_enqueue(model, expected, outcome_name(outcome))
                _expect(rule, f"enqueue of {message.id!r}", outcome_name(outcome), expected)
        case Reserve(queues=queues, limit=limit, lease=lease):
            _granted(env, model, list(queues), limit, lease, did.answer)
        case Wait(spec=spec, lease=lease):
            _granted(env, model, [spec.queue], 1, lease, did.answer)
        case Settle():
            _settled(model, did)
        case Extend():
            _extended(env, model, did, did.step)
        case Cancel(id=id) | Requeue(id=id) | Delete(id=id):
            rule = {"cancel": "X1", "requeue": "S6", "delete": "I3"}[did.verb]
            _expect(rule, f"{did.verb} of {id!r}", outcome_name(did.answer[0]), getattr(model, did.verb)(id))
        case Purge(queue=queue, state=state, limit=limit):
            gone = _purged(model, queue, state)[:limit]
            for id in gone:
                model.delete(id)
            _expect("I3", f"purge of what is {state}", did.answer, len(gone))
        case Pause(queue=queue) | Resume(queue=queue):
            getattr(model, did.verb)(queue)
        case CellSet(cell=cell, value=value):
            latest = model.version(cell)
            _expect("P3", f"whether cell_set of {cell!r}, expecting version 0", did.answer is not None, latest == 0)
            if did.answer is not None:
                model.write(cell, value.encode(), did.answer)
        case Inspect():
            if not (did.was_faulted and did.meanwhile):  # it is several calls, and between them something happened
                _looked(model, did)
        case _:
            raise TypeError(f"{did.step} is no step of the wire")


def _expect(rule: str, what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise RuleViolation(rule, f"{what}: expected {expected}, got {actual}")


def _granted(env: Env, model: Model, queues: list[str], limit: int, lease: int, found: list[Delivery]) -> None:
    check_grants(model, env, queues, limit, [delivery.message.id for delivery in found])
    for delivery in found:
        if delivery.token in model.tokens:
            raise RuleViolation("L4", f"the token {delivery.token!r} was issued before")
        check_delivery(env, model.grant(delivery.message.id, delivery.token, lease), delivery)


def _of_enqueue(model: Model, expected: str, actual: str) -> str:
    """Which rule it breaks that a key is free, or held, and should not be."""
    if expected.startswith("key_taken:"):
        holder = model.jobs[expected.partition(":")[2]]
        return "K1" if holder.why in ("enqueue", "delay") and holder.phase == "waiting" else "K3"
    return "K2" if actual.startswith("key_taken") else "E3"


def _settled(model: Model, did: StepRecord) -> None:
    for (token, item), outcome in zip(did.asked, did.answer, strict=True):
        settled = model.settle(token, item.how, item.after, "why")
        if isinstance(outcome, Indeterminate) and did.was_faulted:
            continue  # it was sent again, and nobody can tell whether the first time had ended the delivery
        id = model.tokens.get(token, "nobody's")
        superseded = id in model.jobs and model.jobs[id].token not in ("", token)
        rule = ("S9" if len(did.asked) > 1 else "L6") if settled else "L5" if superseded else "S8"
        _expect(rule, f"settle of {id!r} as {item.how}", outcome, Settled() if settled else Stale())


def _extended(env: Env, model: Model, did: StepRecord, step: Extend) -> None:
    (outcome,) = did.answer
    checkpoint = None if step.checkpoint is None else step.checkpoint.encode()
    expected = model.extend(did.asked, step.lease, checkpoint)
    rule = {"stale": "L5", "lease_expired": "L7", "cancel_requested": "X2", "extended": "L8"}[expected]
    _expect(rule, f"extend of {model.tokens.get(did.asked)!r}", outcome_name(outcome), expected)
    end = getattr(outcome, "end", None)
    if end is not None and not env.same_instant(end, model.now + step.lease):
        raise RuleViolation("L10", f"extend came back with an end that is not now plus {step.lease}")


def _looked(model: Model, did: StepRecord) -> None:
    queues, ids, cells, _ = did.asked
    all_counts, found, values = did.answer
    for id, stored in zip(ids, found, strict=True):
        seen, kept = _seen(stored), _kept(model, id)
        _expect(_of_look(model.jobs.get(id), seen, kept), f"the state of {id!r}, by get", seen, kept)
    for queue, counts in zip(queues, all_counts, strict=True):
        states = [model.state(id) for id, job in model.jobs.items() if job.message.queue == queue]
        for state in ("scheduled", "ready", "leased", "dead"):
            _expect("I1", f"how many are {state}, by counts", getattr(counts, state), states.count(state))
    for cell, value in zip(cells, values, strict=True):
        versions = model.cells.get(cell)
        _expect("P3", f"what cell {cell!r} holds", value and value[0], versions[-1][0] if versions else None)


def _of_look(job: Kept | None, seen: tuple[Any, ...] | None, kept: tuple[Any, ...] | None) -> str:
    """Which rule says what is not as it should be, where it is one thing."""
    if job is None or seen is None or kept is None:
        return "I1"
    if (seen[0], *seen[2:]) == (kept[0], *kept[2:]):
        return "L2"
    return "S3" if (seen[0], kept[0]) == ("ready", "scheduled") and job.why == "retry" else "I1"


def _seen(stored: Stored | NotFound) -> tuple[Any, ...] | None:
    if isinstance(stored, NotFound):
        return None
    dead = stored.state.value == "dead"
    return stored.state.value, f"attempt {stored.attempt}", stored.reason if dead else None, stored.message.body


def _kept(model: Model, id: str) -> tuple[Any, ...] | None:
    job, state = model.jobs.get(id), model.state(id)
    if job is None:
        return None
    return state, f"attempt {job.attempt}", job.reason if state == "dead" else None, job.message.body
