"""What one worker did with each delivery: heard of it, started it, kept its lease, settled it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jobkit.backend import Delivery, Extension, Settlement
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.worker_history import FOREVER, JobRun, JobSpec, WorkerHistory


@dataclass
class DeliveryRecord:
    """A delivery that a worker heard of, by ``heard``. ``extends``, ``settles``: what it asked for it, and heard."""

    process: WorkerHistory
    delivery: Delivery
    heard: Call
    duty: JobSpec
    start: JobRun | None = None
    extends: list[tuple[Call, Extension, Any]] = field(default_factory=list[tuple[Call, Extension, Any]])
    settles: list[tuple[Call, Settlement]] = field(default_factory=list[tuple[Call, Settlement]])

    @property
    def id(self) -> str:
        return self.delivery.message.id

    @property
    def words(self) -> str:
        return f"{self.process.name}'s attempt {self.delivery.attempt} of {self.id!r}"

    @property
    def heard_ms(self) -> int:
        return end_ms(self.heard)

    @property
    def settled(self) -> int:
        """The place at which it was first asked to settle it."""
        return self.settles[0][0].begun if self.settles else FOREVER

    @property
    def settled_ms(self) -> int:
        return self.settles[0][0].from_ms if self.settles else FOREVER


def delivery_records(process: WorkerHistory, duties: dict[str, JobSpec]) -> list[DeliveryRecord]:
    """In the order in which the worker heard of them."""
    found: dict[str, DeliveryRecord] = {}
    for call in sorted(process.calls, key=end):
        if call.verb == "reserve" and call.answered:
            for delivery in call.answer:
                duty = duties.get(delivery.message.id, JobSpec())
                found[delivery.token] = DeliveryRecord(process, delivery, call, duty)
    for call in process.calls:
        answers: list[Any] = list(call.answer) if call.answered else [None] * len(call.items)
        for item, answer in zip(call.items, answers, strict=False):
            if call.verb == "extend" and item.token in found:
                found[item.token].extends.append((call, item, answer))
            if call.verb == "settle" and item.token in found:
                found[item.token].settles.append((call, item))
    for start in process.starts:
        before = [deed for deed in found.values() if deed.id == start.id and end(deed.heard) < start.begun]
        if before:
            before[-1].start = start
    return list(found.values())


def end(call: Call) -> int:
    """The place of a call's end; an open one has none."""
    return FOREVER if call.ended is None else call.ended


def end_ms(call: Call) -> int:
    return FOREVER if call.to_ms is None else call.to_ms
