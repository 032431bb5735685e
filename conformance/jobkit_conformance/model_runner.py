"""Plays a program on a backend and on the model side by side, and says which rule an answer breaks."""

from __future__ import annotations

from collections import Counter
from typing import Any

from jobkit.backend import (
    CancelRequested,
    Delivery,
    Done,
    Extended,
    Extension,
    Message,
    NotFound,
    Settled,
    Stale,
    Stored,
)
from jobkit_conformance.env import MINUTE, Env
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.model import Model
from jobkit_conformance.operation_records import outcome_name, to_message, to_settlement
from jobkit_conformance.operations import (
    Advance,
    Cancel,
    CellSet,
    CrashLoop,
    Delete,
    Enqueue,
    Extend,
    Inspect,
    MessageSpec,
    Pause,
    Program,
    Requeue,
    Reserve,
    Resume,
    Settle,
    SettlementSpec,
    Step,
)
from jobkit_conformance.oracle import check_delivery, check_grants
from jobkit_conformance.violations import RuleViolation

CLIENTS = 2
FOREVER = 400 * MINUTE
"""Longer than anything that a program begins."""


class ModelRunner:
    """One play of one program."""

    def __init__(self, env: Env, clients: list[RecordingBackend]) -> None:
        self.env = env
        self.clients = clients
        self.model = Model()
        self.deliveries: list[Delivery] = []
        self.leases: dict[str, int] = {}
        self.queues: set[str] = set()
        self.coverage: Counter[str] = Counter()

    async def play(self, program: Program) -> None:
        for step in program.steps:
            await self._step(step)
        await self._finish()

    async def _step(self, step: Step) -> None:
        match step:
            case Enqueue(client=client, messages=specs):
                await self._put(self.clients[client], specs)
            case Reserve(client=client, queues=queues, limit=limit, lease=lease):
                await self._take(self.clients[client], queues, limit, lease)
            case Settle(client=client, items=items):
                await self._settle(self.clients[client], items)
            case Extend(client=client):
                await self._keep(self.clients[client], step)
            case Advance(milliseconds=milliseconds):
                await self._advance(milliseconds)
            case CrashLoop(times=times, lease=lease):
                await self._crash(times, lease)
            case Inspect(client=client):
                await self._look(self.clients[client])
            case Cancel() | Requeue() | Delete():
                await self._by_id(step)
            case _:
                await self._by_name(step)

    async def _crash(self, times: int, lease: int) -> None:
        for _ in range(times):
            await self._take(self.clients[0], sorted(self.queues) or ["q"], 1, lease)
            await self._advance(lease)

    # Verbs.

    async def _put(self, client: RecordingBackend, specs: list[MessageSpec]) -> None:
        messages = [to_message(spec) for spec in specs]
        self.queues |= {message.queue for message in messages}
        for message, outcome in zip(messages, await client.enqueue(messages), strict=True):
            self._judge_enqueue(message, outcome)

    def _judge_enqueue(self, message: Message, outcome: Any) -> None:
        used, remembered = message.id in self.model.gone, message.id in self.model.remembered
        expected = self.model.enqueue(message)
        self.coverage["enqueue of an id that was used"] += used and expected == "accepted"
        self.coverage["enqueue of an id that is remembered"] += remembered and expected == "duplicate"
        self.coverage[f"enqueue {expected.partition(':')[0]}"] += 1
        actual = outcome_name(outcome)
        if actual == expected:
            return
        said = f"enqueue of {message.id!r}: expected {expected}, got {actual}"
        raise RuleViolation(self._rule_of_enqueue(message, expected, actual, remembered=remembered), said)

    def _rule_of_enqueue(self, message: Message, expected: str, actual: str, *, remembered: bool) -> str:
        how = self.model.gone.get(message.id)
        if how == "marked" and expected == "accepted":
            return "X2"
        if "key_taken" in expected or "key_taken" in actual:
            return "K1" if expected.startswith("key_taken") else "K2"
        if remembered:
            return "E7"
        return "E6" if how and expected == "accepted" else "E3"

    async def _take(self, client: RecordingBackend, queues: list[str], limit: int, lease: int) -> None:
        found = await client.reserve(queues, limit=limit, lease=lease)
        self.coverage["reserve of a paused queue"] += not self.model.paused.isdisjoint(queues)
        check_grants(self.model, self.env, queues, limit, [delivery.message.id for delivery in found])
        for delivery in found:
            if delivery.token in self.model.tokens:
                raise RuleViolation("L4", f"the token {delivery.token!r} was issued before")
            self.coverage["grant after a resume"] += delivery.message.queue in self.model.resumed
            job = self.model.grant(delivery.message.id, delivery.token, lease)
            self.coverage["grant"] += 1
            self.coverage["grant of a delayed job"] += job.why == "delay"
            self.coverage["grant after a retry"] += job.why == "retry"
            self.coverage["grant after a release"] += job.why == "release"
            self.coverage["grant after a lease ran out"] += job.why == "lease"
            self.coverage["grant of a requeued job"] += job.why == "requeue"
            self.coverage[f"grant with a checkpoint, {job.why}"] += job.checkpoint is not None
            self.coverage["grant after a checkpoint has ended"] += (
                job.checkpoint is None and job.message.id in self.model.cut_short
            )
            check_delivery(self.env, job, delivery)
            self.deliveries.append(delivery)
            self.leases[delivery.token] = lease
        self.coverage["grant of several priorities at once"] += len({d.message.priority for d in found}) > 1

    async def _settle(self, client: RecordingBackend, items: list[SettlementSpec]) -> None:
        chosen = [(self._nth_latest(item.ago), item) for item in items]
        pairs = [(delivery, item) for delivery, item in chosen if delivery is not None]
        if not pairs:
            return
        outcomes = await client.settle([to_settlement(delivery.token, item) for delivery, item in pairs])
        for (delivery, item), outcome in zip(pairs, outcomes, strict=True):
            self._judge_settle(delivery, item, outcome, alone=len(pairs) == 1)

    def _judge_settle(self, delivery: Delivery, item: SettlementSpec, outcome: Any, *, alone: bool) -> None:
        job = self.model.holds(delivery.token)
        self.coverage["settle while paused"] += job is not None and job.message.queue in self.model.paused
        late = job is not None and job.end <= self.model.now
        marked = job is not None and job.phase == "marked"
        known = self.model.jobs.get(delivery.message.id)
        superseded = job is None and known is not None and known.number > delivery.number
        expected = Settled() if self.model.settle(delivery.token, item.how, item.after, "why") else Stale()
        kind = "stale" if isinstance(expected, Stale) else "late" if late else "marked" if marked else "live"
        self.coverage[f"settle, {kind}"] += 1
        self.coverage[f"settle as {item.how}, live"] += kind == "live"
        self.coverage["settle, superseded"] += superseded
        if outcome == expected:
            return
        about = f"settle of delivery {delivery.number} of {delivery.message.id!r} as {item.how}"
        said = f"{about}: expected {expected}, got {outcome}"
        if job is not None and job.message.queue in self.model.paused:
            raise RuleViolation("P1", f"{said}, while its queue is paused")
        if isinstance(expected, Stale):
            raise RuleViolation("L5" if superseded or delivery.message.id not in self.model.jobs else "S8", said)
        raise RuleViolation("L6" if late or alone else "S9", said)

    async def _keep(self, client: RecordingBackend, step: Extend) -> None:
        delivery, lease = self._nth_latest(step.ago), step.lease
        if delivery is None:
            return
        checkpoint = None if step.checkpoint is None else step.checkpoint.encode()
        (outcome,) = await client.extend([Extension(delivery.token, lease, checkpoint)])
        expected = self.model.extend(delivery.token, lease, checkpoint)
        self.coverage[f"extend, {expected}"] += 1
        self.coverage[f"checkpoint, {expected}"] += checkpoint is not None
        actual = outcome_name(outcome)
        said = f"extend of delivery {delivery.number} of {delivery.message.id!r}: expected {expected}, got {outcome}"
        if actual != expected:
            by_expectation = {"stale": "L5", "lease_expired": "L7", "cancel_requested": "X2", "extended": "L8"}
            if expected in ("extended", "cancel_requested") and delivery.message.queue in self.model.paused:
                raise RuleViolation("P1", f"{said}, while its queue is paused")
            raise RuleViolation(by_expectation[expected], said)
        if isinstance(outcome, (Extended, CancelRequested)):
            self.leases[delivery.token] = lease
            if not self.env.same_instant(outcome.end, self.model.now + lease):
                raise RuleViolation("L10", f"{said}, which is not now plus {lease}")

    async def _by_name(self, step: Pause | Resume | CellSet) -> None:
        if isinstance(step, CellSet):
            await self._write(self.clients[step.client], step)
        else:
            await self._turn(step)

    async def _turn(self, step: Pause | Resume) -> None:
        verb = type(step).__name__.lower()
        await getattr(self.clients[step.client], verb)(step.queue)
        getattr(self.model, verb)(step.queue)

    async def _write(self, client: RecordingBackend, step: CellSet) -> None:
        latest, expected = self.model.version(step.cell), self.model.version(step.cell, step.behind)
        version = await client.cell_set(step.cell, step.value.encode(), expected)
        said = f"cell_set of {step.cell!r}, whose version is {latest}, expecting {expected}: got {version}"
        if (version is not None) != (expected == latest) or (version is not None and version <= latest):
            raise RuleViolation("P3", said)
        self.coverage[f"cell set, {'refused' if version is None else 'done'}"] += 1
        if version is not None:
            self.model.write(step.cell, step.value.encode(), version)
        found, kept = await client.cell_get(step.cell), self.model.cells.get(step.cell)
        if found != (kept[-1] if kept else None):
            raise RuleViolation("P3", f"{said}; after that cell_get answers {found}, not {kept[-1] if kept else None}")

    async def _by_id(self, step: Cancel | Requeue | Delete) -> None:
        verb = type(step).__name__.lower()
        id = self._latest(step.id) if not isinstance(step, Delete) and step.latest else step.id
        (outcome,) = await getattr(self.clients[step.client], verb)([id])
        before = self.model.state(id)
        expected = getattr(self.model, verb)(id)
        self.coverage[f"{verb}, {expected.partition(':')[0]}"] += 1
        if outcome_name(outcome) != expected:
            rule = {"cancel": "X3" if before is None else "X1" if before != "leased" else "X2"}.get(verb)
            rule = rule or {"requeue": "K1" if "key_taken" in expected else "S6", "delete": "I3"}[verb]
            raise RuleViolation(
                rule, f"{verb} of {id!r}, which is {before}: expected {expected}, got {outcome_name(outcome)}"
            )

    async def _look(self, client: RecordingBackend) -> None:
        if not self.env.capabilities.inspect:
            return
        for queue in sorted(self.queues):
            await self._look_at(client, queue)
        ids = sorted({*self.model.jobs, *self.model.gone})
        for id, found in zip(ids, await client.get(ids), strict=True):
            self._judge_stored(id, found)
        self.coverage["look"] += 1

    async def _look_at(self, client: RecordingBackend, queue: str) -> None:
        counts = await client.counts(queue)
        jobs = [id for id, job in self.model.jobs.items() if job.message.queue == queue]
        for state in ("scheduled", "ready", "leased", "dead"):
            expected = sum(self.model.state(id) == state for id in jobs)
            if getattr(counts, state) != expected:
                raise RuleViolation("I1", f"counts of {queue!r}: expected {expected} {state}, got {counts}")
        if counts.paused is not (queue in self.model.paused):
            paused = "paused" if queue in self.model.paused else "not paused"
            raise RuleViolation("P1", f"counts of {queue!r}, which is {paused}: got {counts}")

    def _judge_stored(self, id: str, found: Stored | NotFound) -> None:
        job, state = self.model.jobs.get(id), self.model.state(id)
        actual = found.state.value if isinstance(found, Stored) else None
        if actual != state:
            raise RuleViolation("I1", f"get of {id!r}: expected {state}, got {actual}")
        if job is None or not isinstance(found, Stored):
            return
        if (found.attempt, found.number) != (job.attempt, job.number):
            seen = f"attempt {found.attempt}, delivery {found.number}"
            raise RuleViolation(
                "I1", f"get of {id!r}: expected attempt {job.attempt}, delivery {job.number}, got {seen}"
            )
        self.coverage["look at a dead job"] += state == "dead"
        if state == "dead" and (found.reason, found.message.body) != (job.reason, job.message.body):
            raise RuleViolation("S5", f"get of the dead {id!r}: body or reason are not those that it died with")

    # Time and the end.

    async def _advance(self, milliseconds: int) -> None:
        await self.env.advance(milliseconds)
        self.model.advance(milliseconds)

    async def _finish(self) -> None:
        """Everything live is granted in the end, once, and after that nothing is left."""
        await self._look(self.clients[0])
        for queue in sorted(self.model.paused):
            await self._turn(Resume(0, queue))
        await self._advance(FOREVER)
        queues = sorted(self.queues)
        live = sum(job.phase != "dead" for job in self.model.jobs.values())
        for _ in range(live):
            if queues:
                await self._take(self.clients[-1], queues, 5, MINUTE)
        held = [job.token for job in self.model.jobs.values() if job.token and job.end > self.model.now]
        for token in held:
            (outcome,) = await self.clients[0].settle([Done(token)])
            if outcome != Settled():
                raise RuleViolation("S1", f"settle as done by the one who holds it: got {outcome}")
            self.model.settle(token, "done")
        if queues:
            await self._take(self.clients[0], queues, 5, MINUTE)
        await self._look(self.clients[0])

    def _latest(self, otherwise: str) -> str:
        """The id of the latest delivery."""
        delivery = self._nth_latest(0)
        return otherwise or "a" if delivery is None else delivery.message.id

    def _nth_latest(self, ago: int) -> Delivery | None:
        return self.deliveries[-1 - ago % len(self.deliveries)] if self.deliveries else None
