"""The test's side of a job's own process: starts it, answers for the store, and hears what came of the job."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from msgspec.structs import replace

from jobkit import events
from jobkit.connections.resolver import load
from jobkit.errors import Undecodable
from jobkit.execute.context import enter
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import perform
from jobkit.jobs.call import Call
from jobkit.jobs.envelope import parse_envelope
from pytest_jobkit.errors import NotIsolated
from pytest_jobkit.isolation import databases, protocol
from pytest_jobkit.isolation.protocol import StoreCall, StoreRef, StoreReply
from pytest_jobkit.process_output import kill_group, output_of
from pytest_jobkit.recording.call_site import CallSite
from pytest_jobkit.recording.declared_jobs import declared

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from jobkit.backend import Delivery
    from jobkit.connections.resolver import BackendSource
    from jobkit.execute.context import JobContext
    from jobkit.execute.perform import Registry, RunSync
    from jobkit.jobs.job import Job
    from pytest_jobkit.case import Case


def check(job: Job[..., Any]) -> None:
    """`NotIsolated` for what no other process could find."""
    module = job.function.__module__
    if "<locals>" in job.__qualname__:
        raise NotIsolated(
            f"{job.__qualname__} is declared inside of a function, and only this process has what it closes over: "
            "declare the job in a module, or mark the test @pytest.mark.jobkit(isolate=False)"
        )
    if module == "__main__":
        raise NotIsolated(
            f"{job.name} is declared in __main__, which is another module in every process: declare it in "
            "a module that a worker can import"
        )
    if os.name != "posix":
        raise NotIsolated("--jobkit-isolate=process needs a POSIX system")


class IsolatedPerformer:
    """Performs the jobs of one test, each in a process that starts with it and ends with it."""

    def __init__(self, case: Case) -> None:
        self._case = case

    async def perform(self, delivery: Delivery, context: JobContext, registry: Registry, plain: RunSync) -> Outcome:
        """As `jobkit.execute.perform.perform` does, elsewhere; what can't be performed at all is found out here."""
        job = cast("Job[..., Any] | None", registry.performables.get(context.job))
        if job is None:
            return await perform(delivery, context, registry, plain)
        enter(context)
        try:
            check(job)
            orders = protocol.RunRequest(
                path=[str(each) for each in sys.path],
                root=str(self._case.root),
                module=job.function.__module__,
                delivery=delivery,
                databases=await plain(databases.of_test),
            )
            return await _JobProcess(self._case, job, context).run(orders)
        except NotIsolated as error:
            return Outcome(state=Performed.DEAD, error=error, reason=str(error))


class _JobProcess:
    """One job in one process."""

    def __init__(self, case: Case, job: Job[..., Any], context: JobContext) -> None:
        self._case = case
        self._job = job
        self._context = context
        process = self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest_jobkit.isolation.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self._hearing, self._saying = output_of(process), cast("BinaryIO", process.stdin)

    async def run(self, orders: protocol.RunRequest) -> Outcome:
        try:
            self._say(orders)
            while True:
                match await asyncio.to_thread(protocol.read, self._hearing):
                    case protocol.Finished(outcome):
                        return outcome
                    case protocol.NotRunnable(why):
                        raise NotIsolated(
                            f"{self._job.name} can't be performed in another process: {why}. Declare it where a worker "
                            "can import it, or mark the test @pytest.mark.jobkit(isolate=False)"
                        )
                    case None:
                        raise NotIsolated(
                            f"the process of {self._job.name} ended by itself, {await asyncio.to_thread(self._fate)}, "
                            "and said nothing of the job"
                        )
                    case frame:
                        await self._hear(frame)
        finally:
            self._end()

    def _say(self, frame: object) -> None:
        with suppress(BrokenPipeError):  # how it ended is heard on the other stream
            protocol.write(self._saying, frame)

    def _fate(self) -> str:
        kill_group(self._process)  # before it is waited for: its number is taken until then
        code = self._process.wait()
        return f"by signal {-code}" if code < 0 else f"with exit code {code}"

    def _end(self) -> None:
        kill_group(self._process)
        self._process.wait()
        for stream in (self._saying, self._hearing):
            with suppress(BrokenPipeError):
                stream.close()

    # What it says and asks.

    async def _hear(self, frame: object) -> None:
        match frame:
            case protocol.Enqueued():
                self._replay_event(frame)
            case protocol.EventMessage(event):
                events.emit(event)
            case protocol.SaveCheckpoint(body):
                self._say(await _answered(self._keep(body)))
            case StoreCall():
                self._say(await _answered(self._about(frame)))
            case _:
                raise AssertionError(f"a job's process said {frame!r}")

    def _replay_event(self, told: protocol.Enqueued) -> None:
        """As if it happened here, inside of the same job."""
        job = self._job.app.jobs.get(told.job) or declared().get(told.job)
        if job is None:
            self._case.note(f"{self._job.name} enqueued {told.job}, which this process does not know")
            return
        message = told.event.message
        call = Call(job, {} if message is None else _arguments(job, message), told.options)
        if told.site is not None:
            self._case.tape.placed(call, CallSite(*told.site, Path(self._case.root)))
        events.emit(replace(told.event, call=call))

    async def _keep(self, body: bytes) -> bool:
        return await asyncio.wrap_future(self._context.line.store(body))

    async def _about(self, asked: StoreCall) -> Any:
        source = self._source(asked.place)
        match asked.verb:
            case protocol.CAPABILITIES:
                return self._case.open(source).capabilities
            case protocol.BEFORE:
                return None if source.attendant is None else source.attendant.before(*asked.args)
            case protocol.AFTER:
                done = None if source.attendant is None else source.attendant.after(*asked.args)
                return await done if isawaitable(done) else None
            case verb:
                return await getattr(self._case.open(source), verb)(*asked.args, **(asked.stated or {}))

    def _source(self, place: StoreRef) -> BackendSource:
        named = place.spec
        return self._case.source(load(named) if place.is_factory and named is not None else named, place.namespace)


async def _answered(asking: Coroutine[Any, Any, Any]) -> StoreReply:
    try:
        return StoreReply(await asking)
    except Exception as error:  # noqa: BLE001 - raised again where it was asked
        return StoreReply(error=error)


def _arguments(job: Job[..., Any], message: Any) -> dict[str, object]:
    try:
        found = parse_envelope(message.headers, message.body)
        return job.signature.decode(job.app.coder(found.coder, message.queue), found.arguments)
    except Undecodable:
        return {}
