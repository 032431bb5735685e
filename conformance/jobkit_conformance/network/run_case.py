"""Plays one case on a real store, and writes down what came of each step."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from jobkit.backend import Delivery
from jobkit.errors import BackendFull, BackendUnavailable, Closed
from jobkit_conformance.checkers.attribution import atomicity_rule
from jobkit_conformance.env import HOUR, MINUTE, Env
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.network.case import OBSERVER, VICTIM, FaultCase, Step, Wait
from jobkit_conformance.network.faults import FAULTS
from jobkit_conformance.network.run_step import run_step, verb_of
from jobkit_conformance.network.step_record import StepRecord
from jobkit_conformance.network.workloads import QUEUE
from jobkit_conformance.operation_records import to_message
from jobkit_conformance.operations import (
    Advance,
    CellSet,
    Enqueue,
    Extend,
    Inspect,
    MessageSpec,
    Reserve,
    Settle,
    SettlementSpec,
)
from jobkit_conformance.transport.proxy import FaultTrigger, Proxy
from jobkit_conformance.violations import RuleViolation

SETTLING: Final = 0.5
"""Seconds that the reporting of a fault may take beyond what is declared."""
QUIET: Final = 0.03
WAIT: Final = 1_000
"""Milliseconds that a reserve waits, beyond the time by which it may notice something late."""
PATIENCE: Final = 2.0
"""Seconds in which what a client does by itself has happened."""
LIMIT: Final = 10
ELSEWHERE: Final = "elsewhere"
"""A queue on which nothing is."""


class CaseRun:
    """One play of one case, in an environment of its own."""

    def __init__(self, env: Env, case: FaultCase, proxy: Proxy) -> None:
        self.did: list[StepRecord] = []
        self.commands = 0
        """How many the client sent in the case's steps."""
        self.struck_in = ""
        """The verb that the fault met; empty while it has not struck."""
        self._env = env
        self._case = case
        self._proxy = proxy
        self._fault = FAULTS.get(case.fault)
        self._clients: list[RecordingBackend] = []
        self._granted: list[Delivery] = []
        self._ids: dict[str, None] = {}
        self._queues: dict[str, None] = {}
        self._cells: dict[str, None] = {}
        self._doing: StepRecord | None = None
        self._call: asyncio.Task[Any] | None = None
        self._beside: asyncio.Future[None] | None = None
        self._one_by_one = asyncio.Lock()
        self._sent_before = 0
        self._undo: list[Callable[[], Awaitable[None]]] = []

    async def play(self) -> None:
        """The steps, and after them the end of everything: `Broken` for what no answer may be."""
        self._clients = [await self._env.client(through=self._proxy), await self._env.client()]
        if not self._case.unconnected:
            await self._clients[VICTIM].backend.reserve([ELSEWHERE], limit=1, lease=MINUTE)
        self._proxy.arm(self._fault_trigger())
        for step in self._case.steps:
            await self._step(step)
        self.commands = len(self._proxy.commands)
        self._proxy.arm(None)
        await self._settle_down()

    # What befalls a command.

    def _fault_trigger(self) -> FaultTrigger | None:
        fault = self._fault
        if fault is None:
            return None
        return FaultTrigger(self._case.at, fault.place, fault.then, self._during_fault)

    async def _during_fault(self) -> None:
        """What happens while the command is held up, or just before it is gone."""
        fault, doing = self._fault, self._doing
        assert fault is not None
        if doing is not None:
            doing.was_faulted = True
        self.struck_in = doing.verb if doing is not None else "nothing"
        number = len(self._proxy.commands) - self._sent_before
        it = f"command {number} of {self.struck_in} ({self._proxy.commands[self._case.at - 1]})"
        self._env.trace.noted(self._clients[VICTIM].name, fault.words.format(it=it))
        match self._case.fault:
            case "held":
                await self._step(Reserve(OBSERVER, [QUEUE], LIMIT, MINUTE))
            case "late":
                await self._step(Advance(2 * MINUTE))
                await self._step(Reserve(OBSERVER, [QUEUE], LIMIT, MINUTE))
            case "given up" if self._call is not None:
                self._call.cancel()
                await asyncio.wait([self._call], timeout=PATIENCE)
            case "closed":
                await self._close_meanwhile()
            case "flushed":
                await self._env.harness.drop()
                await self._find_back()
            case "restarted":
                await self._env.harness.restart()
                await self._find_back()
            case "killed":
                self._undo += [self._env.restart, self._find_back]
                await self._env.kill()
            case "full":
                self._undo.append(lambda: self._env.fill(full=False))
                await self._env.fill(full=True)
            case _:
                pass

    async def _close_meanwhile(self) -> None:
        closing = asyncio.ensure_future(self._clients[VICTIM].close())
        await asyncio.wait([closing], timeout=PATIENCE)
        if not closing.done():
            closing.cancel()
            raise RuleViolation(
                "C2", f"close does not come back within {PATIENCE:g} s while {self.struck_in} is under way"
            )
        closing.result()

    async def _find_back(self) -> None:
        """The other client has lost its connection too; that is not the question."""
        with contextlib.suppress(BackendUnavailable):
            await self._clients[OBSERVER].backend.reserve([ELSEWHERE], limit=1, lease=MINUTE)

    # Steps.

    async def _step(self, step: Step, *, repeat: bool = False) -> None:
        if isinstance(step, Advance) or step.client == OBSERVER:
            async with self._one_by_one:  # what is done while something is held up, and what wakes a wait
                await self._undisturbed(step)
            return
        did = StepRecord(step, verb_of(step), self._asked(step), repeat=repeat)
        if did.asked == [] or self._proxy.dead.is_set() or self._is_closed:
            return  # nothing was granted that could be settled; or nobody is there
        leased = await self._leased() if self._case.fault == "given up" else 0
        await self._through(self._clients[VICTIM], did)
        if did.result == "given up" and did.verb == "reserve":
            await self._given_back(leased)
        self.did.append(did)
        self._check_answer(did)
        if (
            did.result == "raised"
            and isinstance(step, Enqueue)
            and isinstance(did.error, BackendUnavailable)
            and not repeat
        ):
            await self._step(step, repeat=True)

    async def _undisturbed(self, step: Step) -> None:
        """A step that nothing befalls."""
        if isinstance(step, Advance):
            await self._env.advance(step.milliseconds)
            self.did.append(StepRecord(step, "pass", step.milliseconds))
            return
        did = StepRecord(step, verb_of(step), self._asked(step))
        if did.asked == []:
            return  # nothing was granted that could be settled
        try:
            did.answer = await self._ask(self._clients[OBSERVER], did)
        except (RuleViolation, BackendUnavailable):
            raise
        except Exception as error:
            seen = f"{did.verb} of a client that nothing befell raised {type(error).__name__}: {error}"
            met = next((each for each in self.did if each.was_faulted), None)
            raise RuleViolation(atomicity_rule(met) if met is not None else "D2", seen) from error
        self.did.append(did)
        self._check_answer(did)

    @property
    def _is_closed(self) -> bool:
        return self._case.fault == "closed" and bool(self.struck_in)

    async def _given_back(self, leased: int) -> None:
        """What a reserve took that was given up is given back in a while, not at once."""
        deadline = time.monotonic() + PATIENCE
        while await self._leased() > leased and time.monotonic() < deadline:
            await asyncio.sleep(0.002)

    async def _leased(self) -> int:
        """How many are leased; 0 where nobody can tell."""
        if not self._env.capabilities.inspect:
            return 0
        return (await self._clients[OBSERVER].backend.counts(QUEUE)).leased

    @property
    def _waiting(self) -> int:
        return WAIT + self._env.capabilities.slack

    async def _through(self, client: RecordingBackend, did: StepRecord) -> None:
        """A call of the client behind the proxy: it may fail, and end in time all the same."""
        before, self._doing = len(self.did), did
        self._sent_before = len(self._proxy.commands)
        begun = time.monotonic()
        self._call = asyncio.ensure_future(self._ask(client, did))
        dying = asyncio.ensure_future(self._proxy.dead.wait())
        wait = self._waiting if isinstance(did.step, Wait) else 0
        within = (client.capabilities.timeout + wait) / 1000 + SETTLING
        await asyncio.wait([self._call, dying], timeout=within, return_when=asyncio.FIRST_COMPLETED)
        took = time.monotonic() - begun
        if self._beside is not None:
            await self._beside  # it goes on, whatever became of the call
        self._doing, did.meanwhile = None, len(self.did) - before
        ended = self._call.done()
        dying.cancel()
        await self._end_call(self._call, did)
        if self._proxy.fell is not None:
            raise self._proxy.fell
        if not self._proxy.dead.is_set() and (not ended or took > within):
            say = f"{did.verb} came back after {took:.2f} s" if ended else f"{did.verb} does not come back"
            raise RuleViolation("C2" if self._is_closed else "D6", f"{say}; declared are {within - SETTLING:g} s")
        if wait and did.answer == [] and took < wait / 1000 and self._case.fault != "late":  # which lets time pass
            seen = f"a reserve that waits {wait} ms came back empty after {took:.2f} s"
            raise RuleViolation("D6" if did.was_faulted else "R2", seen)
        for undo in self._undo:
            await undo()
        self._undo.clear()

    async def _end_call(self, call: asyncio.Task[Any], did: StepRecord) -> None:
        ended, died = call.done(), self._proxy.dead.is_set()
        if not ended:
            call.cancel()
            await asyncio.wait([call], timeout=PATIENCE)
        error = None if not call.done() or call.cancelled() else call.exception()
        if died or not ended:
            did.result = "died"
        elif call.cancelled() and did.was_faulted and self._case.fault == "given up":
            did.result = "given up"
        elif call.cancelled():
            raise RuleViolation("C2", f"{did.verb} raised CancelledError, and nobody cancelled it")
        elif error is not None:
            did.error, did.result = error, "raised"
        else:
            did.answer = call.result()

    def _asked(self, step: Step) -> Any:
        match step:
            case Enqueue(messages=specs):
                return [self._message(spec) for spec in specs]
            case Wait(spec=spec):
                return self._message(spec)
            case Reserve(queues=queues):
                return tuple(queues)
            case Settle(items=items):
                found = [(self._ago(item.ago), item) for item in items]
                return [(delivery.token, item) for delivery, item in found if delivery is not None]
            case Extend(ago=ago):
                delivery = self._ago(ago)
                return [] if delivery is None else delivery.token
            case Inspect():
                return list(self._queues), list(self._ids), list(self._cells), ("look",)
            case CellSet(cell=cell):
                self._cells[cell] = None
                return cell
            case _:
                return step

    def _message(self, spec: MessageSpec) -> Any:
        self._ids[spec.id] = self._queues[spec.queue] = None
        return to_message(spec)

    def _ago(self, ago: int) -> Delivery | None:
        return self._granted[-1 - ago] if ago < len(self._granted) else None

    async def _ask(self, client: RecordingBackend, did: StepRecord) -> Any:
        return await (self._wait(client, did.step) if isinstance(did.step, Wait) else run_step(client, did))

    async def _wait(self, client: RecordingBackend, step: Wait) -> Any:
        """A reserve that waits; once it has sent something and the fault struck, or did not, something comes."""
        waiting = asyncio.ensure_future(
            client.reserve([step.spec.queue], limit=1, lease=step.lease, wait=self._waiting)
        )
        try:
            await self._quiet(waiting)
            if not waiting.done():
                self._beside = asyncio.ensure_future(self._step(Enqueue(OBSERVER, [step.spec])))
                await asyncio.shield(self._beside)
            return await waiting
        finally:
            waiting.cancel()

    async def _quiet(self, waiting: asyncio.Future[Any]) -> None:
        """Until what is to be struck was sent; or nothing is sent any more, since it comes after the wake."""
        sent, since = -1, time.monotonic()
        while len(self._proxy.commands) < max(self._case.at, 1) and not waiting.done():
            if len(self._proxy.commands) != sent:
                sent, since = len(self._proxy.commands), time.monotonic()
            elif time.monotonic() - since > QUIET:
                return
            await asyncio.sleep(0.001)

    def _check_answer(self, did: StepRecord) -> None:
        """What no answer may be, whatever was asked before; and what can be settled from now on."""
        error, verb = did.error, did.verb
        if verb == "reserve" and did.result == "answered":
            self._granted += did.answer
        if error is None:
            return
        if isinstance(error, BackendFull) and self._case.fault == "full":
            if verb in ("settle", "extend"):
                raise RuleViolation("D4", f"{verb} raised BackendFull when the store was full: {error}")
            return
        if isinstance(error, Closed) and self._is_closed:
            return
        if not isinstance(error, BackendUnavailable):
            raise RuleViolation(
                "D6" if did.was_faulted else "D2", f"{verb} raised {type(error).__name__}: {error}"
            ) from error
        if not self.struck_in:
            raise RuleViolation("D2", f"{verb} raised BackendUnavailable, and nothing is wrong: {error}") from error
        if error.__cause__ is None:
            raise RuleViolation("D6", f"{verb} raised {error!r} without its cause") from error
        if sum(each.result == "raised" for each in self.did) > 1:
            raise RuleViolation(
                "D2", f"the same client does not go on: {verb} raised {error!r}, after the fault"
            ) from error

    # The end.

    async def _settle_down(self) -> None:
        """The client goes on, time passes, and everything that is left is performed by another."""
        if self._is_closed:
            await self._refuses()
        await self._step(Enqueue(VICTIM, [MessageSpec("last")]))
        await self._look()
        await self._step(Advance(10 * HOUR))
        await self._step(Reserve(OBSERVER, list(self._queues), LIMIT, MINUTE))
        taken = self.did[-1].answer
        await self._step(Settle(OBSERVER, [SettlementSpec(ago, "done") for ago in range(len(taken))]))
        await self._step(Reserve(OBSERVER, list(self._queues), LIMIT, MINUTE))
        await self._look()

    async def _look(self) -> None:
        if self._env.capabilities.inspect:
            await self._step(Inspect(OBSERVER))

    async def _refuses(self) -> None:
        """A closed client says so."""
        client = self._clients[VICTIM]
        await client.close()
        self._env.rule = "C2"
        await self._env.refuses(
            client.reserve(["q"], limit=1, lease=MINUTE), Closed, "reserve of a client that was closed"
        )
