"""Whether what was granted may be granted, in this order; if not, which rule forbids it."""

from __future__ import annotations

from itertools import pairwise

from jobkit.backend import Delivery
from jobkit_conformance.env import Env
from jobkit_conformance.model import Kept, Model
from jobkit_conformance.violations import RuleViolation

_OF_THE_GONE = {"done": "L6", "cancelled": "X1", "marked": "X2", "deleted": "I3"}
_OF_THE_MISSING = {
    "enqueue": "E8",
    "delay": "T2",
    "retry": "S2",
    "release": "S4",
    "requeue": "S6",
    "lease": "L1",
}


def check_grants(model: Model, env: Env, queues: list[str], limit: int, granted: list[str]) -> None:
    """A reserve's answer as a whole: nobody that may not, nobody missing, nobody out of turn."""
    if len(granted) > limit or len(set(granted)) < len(granted):
        raise RuleViolation("R2", f"reserve with limit={limit} granted {granted}")
    for id in granted:
        _judge_grant(model, queues, id)
    ready = [job for queue in queues for job in model.ready(queue)]
    left = [job for job in ready if job.message.id not in granted]
    if left and len(granted) < limit:
        why = "lease" if left[0].phase == "leased" else left[0].why
        pausing = left[0].message.queue in model.resumed or not model.paused.isdisjoint(queues)
        missing = sorted(job.message.id for job in left)
        raise RuleViolation(
            "P1" if pausing else _OF_THE_MISSING[why],
            f"reserve granted {granted} with limit={limit}, and not {missing}, which are ready",
        )
    order = [model.jobs[id] for id in granted]
    turns = _GrantOrder(model, env, queues)
    for first, second in pairwise(order):
        turns.judge(first, second, granted)
    for job in left:
        if order:
            turns.judge(order[-1], job, granted)


def _judge_grant(model: Model, queues: list[str], id: str) -> None:
    job, state = model.jobs.get(id), model.state(id)
    if job is None:
        how = model.gone.get(id)
        raise RuleViolation(_OF_THE_GONE.get(how or "", "E8"), f"{id!r} was granted, which is {how or 'nobody'}")
    if job.message.queue not in queues:
        raise RuleViolation("E9", f"{id!r} of queue {job.message.queue!r} was granted to a reserve of {queues}")
    if state == "dead":
        raise RuleViolation("L6", f"{id!r} was granted, which is dead")
    if state == "leased":
        rule = "X2" if job.phase == "marked" else "R1"
        raise RuleViolation(rule, f"{id!r} was granted while its lease is live")
    if state == "scheduled":
        rule = "S3" if job.why == "retry" else "T1"
        raise RuleViolation(rule, f"{id!r} was granted {job.since - model.now} ms before its time")
    if job.message.queue in model.paused:
        raise RuleViolation("P1", f"{id!r} was granted from {job.message.queue!r}, which is paused")


class _GrantOrder:
    """Who comes before whom, where that can be told."""

    def __init__(self, model: Model, env: Env, queues: list[str]) -> None:
        self._model = model
        self._env = env
        self._places = {queue: place for place, queue in enumerate(queues)}

    def judge(self, first: Kept, second: Kept, granted: list[str]) -> None:
        """That the second, granted later or not at all, was not to come before the first."""
        why = self._before(second, first)
        if why:
            one, other = second.message.id, first.message.id
            raise RuleViolation("O1", f"{other!r} was granted before {one!r}, which has {why}; granted were {granted}")

    def _before(self, one: Kept, other: Kept) -> str:
        places = self._places[one.message.queue], self._places[other.message.queue]
        if places[0] != places[1]:
            return "the earlier queue" if places[0] < places[1] else ""
        if one.message.priority != other.message.priority:
            return "the higher priority" if one.message.priority > other.message.priority else ""
        since = self._model.since(one) - self._model.since(other)
        if abs(since) > self._env.tolerance:
            return "the earlier since" if since < 0 else ""
        comparable = self._env.exact or (one.why == other.why == "enqueue" and one.phase == other.phase == "waiting")
        if since == 0 and comparable and self._env.capabilities.fifo and one.seq < other.seq:
            return "an equal since, and was accepted earlier"
        return ""


def check_delivery(env: Env, job: Kept, delivery: Delivery) -> None:
    """One delivery, against the job as the model has just granted it."""
    message, sent = delivery.message, job.message
    if message.body != sent.body:
        raise RuleViolation("B1", f"{sent.id!r} came with another body")
    if message.priority != sent.priority:
        raise RuleViolation("O3", f"{sent.id!r} came with priority {message.priority}, not {sent.priority}")
    if (message.queue, message.key, dict(message.headers)) != (sent.queue, sent.key, dict(sent.headers)):
        raise RuleViolation("B2", f"{sent.id!r} came as {message}, enqueued as {sent}")
    if delivery.attempt != job.attempt:
        raise RuleViolation("L2", f"{sent.id!r} came with attempt {delivery.attempt}, not {job.attempt}")
    if delivery.number < job.number:
        raise RuleViolation("L3", f"{sent.id!r} came with delivery number {delivery.number}, after {job.number - 1}")
    job.number = delivery.number
    if delivery.checkpoint != job.checkpoint:
        raise RuleViolation(
            "P2", f"{sent.id!r} came with the checkpoint {delivery.checkpoint!r}, not {job.checkpoint!r}"
        )
    if not env.same_instant(delivery.lease_end, job.end):
        raise RuleViolation(
            "L10", f"{sent.id!r} came with a lease until {delivery.lease_end}, which is not now plus the lease"
        )
