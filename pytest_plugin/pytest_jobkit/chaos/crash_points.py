"""A worker's life while it performs one job: what others can see of that, point by point, and where it ends."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

from jobkit.enqueue.enqueue import PendingEnqueue
from jobkit.execute.context import JobContext
from pytest_jobkit.recording.call_site import CallSite, call_site, is_project

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Mapping
    from pathlib import Path
    from types import FrameType

    from jobkit.execute.checkpoint import CheckpointSink
    from jobkit.execute.perform import Registry, RunnableJob


class WorkerDied(BaseException):
    """The process that performs a job is gone. No ``except Exception`` catches that; ``finally`` blocks do run."""


def killed(error: BaseException | None) -> bool:
    """Whether this is how a job ends whose worker died, or an error made while it was going down."""
    while error is not None:
        if isinstance(error, WorkerDied):
            return True
        error = error.__cause__ or error.__context__
    return False


class CrashPoints:
    """Counts the effect points of one delivery; at the one where it ends it raises `WorkerDied`, and ever after."""

    def __init__(self, root: Path, dies_at: int | None = None) -> None:
        self.points: list[str] = []
        """How far the job was, in words."""
        self.ended: str | None = None
        self._root = root
        self._dies_at = dies_at

    def hit(self, point: str) -> None:
        self._check()
        self.points.append(point)
        if len(self.points) == self._dies_at:
            self.ended = point
            self._check()

    def here(self) -> str:
        """The line of the project that runs, as the end of a sentence."""
        site = call_site(self._root)
        return "" if site is None else f" at {site}"

    def _check(self) -> None:
        """A dead worker does nothing more, whatever the job caught."""
        if self.ended is not None:
            raise WorkerDied(self.ended)

    async def walk(self, steps: Coroutine[Any, Any, Any]) -> Any:
        """Await an asynchronous job, and come by a point whenever it has waited for something of its own."""
        return await _StepwiseAwait(self, steps)

    def waited(self, frame: FrameType) -> None:
        self.hit(f"while it waited at {CallSite(frame.f_code.co_filename, frame.f_lineno, self._root)}")


class _StepwiseAwait:
    """Drives a coroutine by hand: the same values and errors pass, and after each wait there is a point."""

    def __init__(self, life: CrashPoints, steps: Coroutine[Any, Any, Any]) -> None:
        self._life = life
        self._steps = steps
        self._waits_for: object = None

    def __await__(self) -> Generator[Any, Any, Any]:
        go: Callable[[], Any] = lambda: self._steps.send(None)  # noqa: E731 - it changes with what comes back
        while True:
            try:
                wish = go()
            except StopIteration as stop:
                return stop.value
            frame = self._new_wait()
            try:
                value = yield wish
                if frame is not None:
                    self._life.waited(frame)
            except BaseException as error:  # noqa: BLE001 - the job's own business
                go = _throwing(self._steps, error)
            else:
                go = _sending(self._steps, value)

    def _new_wait(self) -> FrameType | None:
        """The line of the project that waits, unless that has points of its own, or it waits for the same as before."""
        chain = list(_chain(self._steps))
        if any(_code(each) in _POINTS_OF_THEIR_OWN for each in chain):
            return None
        frames = [frame for each in chain if (frame := _frame(each)) is not None and is_project(frame)]
        before, self._waits_for = self._waits_for, chain[1] if len(chain) > 1 else None
        return frames[-1] if frames and (before is None or before is not self._waits_for) else None


def _chain(awaited: Any) -> Generator[Any]:
    """A coroutine, what it awaits, what that awaits."""
    while awaited is not None:
        yield awaited
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)


_POINTS_OF_THEIR_OWN = (vars(PendingEnqueue)["__await__"].__code__, vars(JobContext)["acheckpoint"].__code__)


def _code(awaited: Any) -> object:
    return getattr(awaited, "cr_code", None) or getattr(awaited, "gi_code", None)


def _frame(awaited: Any) -> FrameType | None:
    return getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)


def _throwing(steps: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: steps.throw(error)


def _sending(steps: Coroutine[Any, Any, Any], value: object) -> Callable[[], Any]:
    return lambda: steps.send(value)


class CrashableCheckpoints:
    """Carries checkpoints, with a point before each and one after."""

    def __init__(self, line: CheckpointSink, life: CrashPoints) -> None:
        self._line = line
        self._life = life

    def store(self, body: bytes) -> Future[bool]:
        where = self._life.here()
        self._life.hit(f"before its checkpoint{where}")
        passed: Future[bool] = Future()

        def stored(future: Future[bool]) -> None:
            try:
                answer = future.result()
                self._life.hit(f"after its checkpoint{where}")
            except BaseException as error:  # noqa: BLE001 - raised again where the job waits for it
                passed.set_exception(error)
            else:
                passed.set_result(answer)

        self._line.store(body).add_done_callback(stored)
        return passed


def instrument(registry: Registry, life: CrashPoints) -> Registry:
    """The same app, but for how its asynchronous jobs are awaited."""
    return cast("Registry", _Watched(registry, life))


class _Watched:
    def __init__(self, registry: Registry, life: CrashPoints) -> None:
        self._registry = registry
        self._life = life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry, name)

    @property
    def performables(self) -> Mapping[str, RunnableJob]:
        jobs = self._registry.performables.items()
        return {name: _walked(job, self._life) if job.is_async else job for name, job in jobs}


def _walked(job: RunnableJob, life: CrashPoints) -> RunnableJob:
    """The same job, but for how its function is awaited."""

    def function(*args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        return life.walk(job.function(*args, **kwargs))

    walked: Any = object.__new__(type(job))  # a copy of a declared job is the job itself
    walked.__dict__.update(vars(job), function=function)
    return cast("RunnableJob", walked)
