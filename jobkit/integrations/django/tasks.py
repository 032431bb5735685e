"""A backend for Django's tasks (``django.tasks``, or the package ``django-tasks`` before Django 6): each is a job.

TASKS = {"default": {
    "BACKEND": "jobkit.integrations.django.TaskBackend",
    "QUEUES": ["default", "mail"],
    "OPTIONS": {"app": "shop.jobs:app"},
}}
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections
from django.utils import timezone
from django.utils.module_loading import import_string

from jobkit.app import App
from jobkit.enqueue.receipt import Receipt
from jobkit.execute.context import JobContext, current_job
from jobkit.jobs.job import ConfiguredJob, Job

if TYPE_CHECKING:
    from django.tasks.backends.base import BaseTaskBackend
    from django.tasks.base import Task, TaskContext, TaskError, TaskResult, TaskResultStatus
    from django.tasks.signals import task_enqueued, task_finished, task_started

    AnyTask: TypeAlias = Task[Any, Any]
    AnyResult: TypeAlias = TaskResult[Any, Any]
else:
    try:
        from django.tasks.backends.base import BaseTaskBackend
        from django.tasks.base import Task, TaskContext, TaskError, TaskResult, TaskResultStatus
        from django.tasks.signals import task_enqueued, task_finished, task_started
    except ImportError:
        from django_tasks.backends.base import BaseTaskBackend
        from django_tasks.base import Task, TaskContext, TaskError, TaskResult, TaskResultStatus
        from django_tasks.signals import task_enqueued, task_finished, task_started

LOWEST, HIGHEST = -100, 100
"""Django's priorities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(Task):  # type: ignore[type-arg]  # Django's own class has no parameters at run time
    """A task of Django's that is a job: ``send.enqueue(7)`` as ever, and ``send.job`` for tests and tools.

    ``retry``, ``discard``, ``key``: as of ``@app.job``; ``@task(retry=jobkit.Retry(...))``.
    """

    retry: Any = None
    discard: Any = None
    key: str | None = None

    @property
    def job(self) -> Job[..., Any]:
        """The job, as its app knows it: ``assert send.job.call(7) in jobs.enqueued``."""
        backend = self.get_backend()
        assert isinstance(backend, TaskBackend)
        return backend.app.jobs[self.module_path]


class TaskBackend(BaseTaskBackend):
    """Tasks are declared as jobs of an app, and performed by its workers; results are not kept.

    ``OPTIONS``: ``app``, as ``module:name``. Priorities -100 to 100 become 0 to 9, in order.
    """

    task_class = JobTask
    supports_defer = True
    supports_async_task = True
    supports_priority = True
    supports_get_result = False

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        self.app = _app(self.options.get("app"), alias)

    def validate_task(self, task: AnyTask) -> None:
        """Refuse what can't be performed; the first time a task is seen, declare it."""
        super().validate_task(task)
        known = self.app.jobs.get(task.module_path)
        if known is None or inspect.unwrap(known.function) is not task.func:
            self.app.job(
                name=task.module_path,
                queue=task.queue_name,
                priority=_priority(task.priority),
                retry=getattr(task, "retry", None),
                discard=getattr(task, "discard", None),
                key=getattr(task, "key", None),
            )(_performing(task, type(self)))

    def enqueue(self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> AnyResult:
        self.validate_task(task)
        result = _result(task, "", args, kwargs)  # before anything is stored: it checks that arguments are JSON
        return self._enqueued(result, self._prepared(task).enqueue(*args, **kwargs))

    async def aenqueue(self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> AnyResult:
        self.validate_task(task)
        result = _result(task, "", args, kwargs)
        return self._enqueued(result, await self._prepared(task).aenqueue(*args, **kwargs))

    def _prepared(self, task: AnyTask) -> ConfiguredJob[..., Any]:
        return self.app.jobs[task.module_path].using(
            queue=task.queue_name, priority=_priority(task.priority), at=_aware(task.run_after)
        )

    def _enqueued(self, result: AnyResult, receipt: Receipt) -> AnyResult:
        _set(result, id=receipt.id, enqueued_at=timezone.now())
        if receipt:
            task_enqueued.send(type(self), task_result=result)
        return result


def _app(named: object, alias: str) -> App:
    """The app that ``OPTIONS`` names."""
    found = named
    if isinstance(named, str):
        try:
            found = import_string(named.replace(":", "."))
        except ImportError as error:
            raise ImproperlyConfigured(f"TASKS[{alias!r}]['OPTIONS']['app'] is {named!r}: {error}") from error
    if not isinstance(found, App):
        raise ImproperlyConfigured(
            f"TASKS[{alias!r}]['OPTIONS']['app'] names the jobkit.App that keeps the tasks, such as 'shop.jobs:app', "
            f"and is {named!r}"
        )
    return found


def _priority(priority: int) -> int:
    """-100 to 100 as 0 to 9: the default, 0, is 4."""
    return (priority - LOWEST) * 10 // (HIGHEST - LOWEST + 1)


def _aware(run_after: datetime | None) -> datetime | None:
    """Without ``USE_TZ`` Django's times are naive, and mean the project's zone."""
    if run_after is None or timezone.is_aware(run_after):
        return run_after
    return timezone.make_aware(run_after)


def _result(task: AnyTask, id: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> AnyResult:
    return TaskResult(
        task=task,
        id=id,
        status=TaskResultStatus.READY,
        enqueued_at=None,
        started_at=None,
        last_attempted_at=None,
        finished_at=None,
        args=list(args),
        kwargs=dict(kwargs),
        backend=task.backend,
        errors=[],
        worker_ids=[],
    )


def _set(result: AnyResult, **values: object) -> None:
    """A result is frozen for all but its backend."""
    for name, value in values.items():
        object.__setattr__(result, name, value)


# Performing.


def _performing(task: AnyTask, sender: type[TaskBackend]) -> Callable[..., Any]:
    """The task's function as a worker calls it: between Django's signals, with a context if it takes one."""
    function = task.func

    @wraps(function)
    async def aperform(*args: Any, **kwargs: Any) -> Any:
        async with _afollowed(task, sender, args, kwargs) as first:
            return await function(*first, *args, **kwargs)

    @wraps(function)
    def perform(*args: Any, **kwargs: Any) -> Any:
        with _followed(task, sender, args, kwargs) as first:
            return function(*first, *args, **kwargs)

    performing = aperform if inspect.iscoroutinefunction(function) else perform
    signature = inspect.signature(function)
    if task.takes_context:
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
    vars(performing)["__signature__"] = signature
    return performing


@contextmanager
def _followed(
    task: AnyTask, sender: type[TaskBackend], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Generator[tuple[Any, ...]]:
    result = _started(task, args, kwargs)
    close_old_connections()
    task_started.send(sender, task_result=result)
    try:
        yield (TaskContext(task_result=result),) if task.takes_context else ()
    except BaseException as error:
        _failed(result, error)
        raise
    else:
        _set(result, status=TaskResultStatus.SUCCESSFUL, finished_at=timezone.now())
    finally:
        task_finished.send(sender, task_result=result)
        close_old_connections()


@asynccontextmanager
async def _afollowed(
    task: AnyTask, sender: type[TaskBackend], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> AsyncGenerator[tuple[Any, ...]]:
    result = _started(task, args, kwargs)
    await task_started.asend(sender, task_result=result)
    try:
        yield (TaskContext(task_result=result),) if task.takes_context else ()
    except BaseException as error:
        _failed(result, error)
        raise
    else:
        _set(result, status=TaskResultStatus.SUCCESSFUL, finished_at=timezone.now())
    finally:
        await task_finished.asend(sender, task_result=result)


def _started(task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> AnyResult:
    job, now = current_job(), timezone.now()
    result = _result(task, "" if job is None else job.id, args, kwargs)
    _set(result, status=TaskResultStatus.RUNNING, started_at=now, last_attempted_at=now, worker_ids=_workers(job))
    return result


def _workers(job: JobContext | None) -> list[str]:
    """One for each attempt so far: Django counts attempts by them."""
    return ["jobkit"] * (1 if job is None else job.attempt)


def _failed(result: AnyResult, error: BaseException) -> None:
    path = f"{type(error).__module__}.{type(error).__qualname__}"
    shown = "".join(traceback.format_exception(error))
    result.errors.append(TaskError(exception_class_path=path, traceback=shown))
    _set(result, status=TaskResultStatus.FAILED, finished_at=timezone.now())
