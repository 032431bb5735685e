"""A declared job: the function, and everything that can be done with it."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeAlias, TypeVar, cast

from jobkit.errors import ConfigurationError, DeclarationError
from jobkit.jobs.call import Call, Options, options
from jobkit.jobs.limits import check_limit
from jobkit.jobs.signature import Signature
from jobkit.retry import Rules

if TYPE_CHECKING:
    from jobkit.app import App
    from jobkit.enqueue.receipt import Receipt
    from jobkit.execute.outcome import Outcome
    from jobkit.jobs.pattern import Pattern

P = ParamSpec("P")
R = TypeVar("R")

Isolation: TypeAlias = Literal["process"]

Router: TypeAlias = Callable[[Mapping[str, object]], str]
"""Chooses a queue by the bound arguments."""


class ConfiguredJob(Generic[P, R]):
    """A job with options stated: what ``using(...)`` returns."""

    def __init__(self, job: Job[P, R], stated: Options) -> None:
        self._job = job
        self._stated = stated

    def using(
        self,
        *,
        queue: str | None = None,
        delay: float | timedelta | None = None,
        at: datetime | None = None,
        priority: int | None = None,
        key: str | None = None,
        id: str | None = None,
        remember: float | timedelta | None = None,
    ) -> ConfiguredJob[P, R]:
        """The same job, enqueued like this: later options take the place of earlier ones.

        ``delay``: seconds or a timedelta. ``at``: an aware datetime. ``priority``: 0 to 9, higher first. ``key``: at
        most one live job has it. ``id``: enqueuing again with the same is the same job. ``remember``: how long the
        id stays known after the job's end.
        """
        later = options(queue=queue, delay=delay, at=at, priority=priority, key=key, id=id, remember=remember)
        if queue is not None:
            self._job.app.check_queue(queue)
        return ConfiguredJob(self._job, self._stated.merged(later))

    def call(self, *args: P.args, **kwargs: P.kwargs) -> Call:
        """This call as a value: to enqueue with others, or to look for in a test."""
        return Call(self._job, self._job.signature.bind(args, kwargs), self._stated)

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> Receipt:
        """Store the call and return its receipt; for code that is not running in an event loop."""
        return self._job.app.sender.enqueue_one(self.call(*args, **kwargs), by=f"{self._job.short_name}.enqueue()")

    def aenqueue(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, Receipt]:
        """Store the call and return its receipt; checked at once, stored when awaited."""
        return self._job.app.sender.aenqueue_one(self.call(*args, **kwargs))

    def perform(self, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """Perform the call here and now, through coder and middlewares, and say what came of it; stores nothing."""
        return self._job.app.perform_call(self.call(*args, **kwargs), by=f"{self._job.short_name}.perform()")

    async def aperform(self, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """Perform the call on the running loop, through coder and middlewares; stores nothing."""
        return await self._job.app.aperform_call(self.call(*args, **kwargs))

    def __repr__(self) -> str:
        return f"{self._job.short_name}.using({self._stated})"


class Job(ConfiguredJob[P, R]):
    """A function that can be called later, by a worker. Calling the job itself just calls the function."""

    def __init__(
        self,
        app: App,
        function: Callable[P, R],
        *,
        name: str | None,
        queue: str | Router,
        options: Options,
        rules: Rules,
        limit: float | timedelta | None = None,
        soft_limit: float | timedelta | None = None,
        isolate: Isolation | None = None,
    ) -> None:
        super().__init__(self, Options())
        _check_declarable(function, name)
        self.app = app
        self.function = function
        self.name = name or name_of(function)
        self.queue = queue
        self.options = options
        self.rules = rules
        self.limit = check_limit(limit)
        self.soft_limit = check_limit(soft_limit, "soft_limit")
        if self.limit is not None and self.soft_limit is not None and self.soft_limit >= self.limit:
            raise ConfigurationError(
                f"{self.name}: its soft_limit of {self.soft_limit:g} s is to come before its limit of {self.limit:g} s"
            )
        self.isolated = _check_isolation(isolate, function)
        self.module = module_of(function)
        self.signature = Signature(function, self.name)
        self.is_async = any(map(inspect.iscoroutinefunction, (function, type(function).__call__)))
        self.__name__ = getattr(function, "__name__", self.name)
        self.__qualname__ = getattr(function, "__qualname__", self.name)
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function
        if self.is_async:
            _mark_as_coroutine_function(self, function)

    @property
    def short_name(self) -> str:
        return self.__name__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def partial(self, **some: object) -> Pattern:
        """What matches jobs with at least these arguments."""
        from jobkit.jobs.pattern import Pattern

        self.signature.check_names(some)
        return Pattern(job=self, arguments=some, partial=True)

    def __copy__(self) -> Job[P, R]:
        return self

    def __reduce__(self) -> tuple[Callable[[str, str, str], object], tuple[str, str, str]]:
        """Pickle the name: another process has a job of its own, declared when its module is imported there."""
        return _find_declared, (self.__module__, self.__qualname__, self.name)

    def __deepcopy__(self, memo: object) -> Job[P, R]:
        """Itself, as a function is: a copy would be no job of the app's."""
        return self

    def __repr__(self) -> str:
        return f"<job {self.signature}>"


def _find_declared(module: str, qualname: str, name: str) -> object:
    """Return the job that a module declares in this process; `DeclarationError` if there is none."""
    try:
        found: Any = import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise DeclarationError(
            f"the job {name} can't be found in this process: {error}; declare it at the top level of a module that can "
            f"be imported here"
        ) from error
    if not isinstance(found, Job):
        raise DeclarationError(f"the job {name} can't be found in this process: {module}.{qualname} is no job here")
    return cast("object", found)


def name_of(function: Callable[..., Any]) -> str:
    """``module.function``"""
    return f"{module_of(function)}.{function.__qualname__}"


def module_of(function: Callable[..., Any]) -> str:
    """Where a function is declared; of a program's main module the name by which others would import it."""
    module = function.__module__
    if module == "__main__":
        main = sys.modules["__main__"]
        spec = getattr(main, "__spec__", None)
        module = spec.name if spec else Path(getattr(main, "__file__", None) or "main").stem
    return module


def _check_isolation(isolate: object, function: Callable[..., Any]) -> bool:
    if isolate not in (None, "process"):
        raise ConfigurationError(f"isolate is 'process' or nothing, not {isolate!r}")
    qualname = getattr(function, "__qualname__", "")
    if isolate and ("." in qualname or not qualname):
        raise DeclarationError(
            f"{qualname or function!r} is not at the top level of its module, where another process would find it"
        )
    return isolate is not None


def _check_declarable(function: Any, name: str | None) -> None:
    kind: str = function.__class__.__name__
    if isinstance(function, (staticmethod, classmethod, type)) or not callable(function):
        raise DeclarationError(f"a job is a function, not a {kind}")
    qualname = getattr(function, "__qualname__", "")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError(f"{qualname}: a job returns, it does not yield")
    if name is not None:
        return
    if not qualname or not hasattr(function, "__module__"):
        raise DeclarationError("a callable without a name of its own needs one: @app.job(name=...)")
    if "<lambda>" in qualname:
        raise DeclarationError("a lambda has no name that a worker could find: give it one, @app.job(name=...)")
    if "<locals>" in qualname:
        raise DeclarationError(
            f"{qualname} is declared anew each time its outer function runs, and a worker would not find it: "
            "declare it in a module, or give it a name, @app.job(name=...)"
        )
    if "." in qualname:
        raise DeclarationError(
            f"{qualname} is a method, and a worker has no object to call it on: declare a function that takes what "
            "finds the object, or give it a name if it needs none, @app.job(name=...)"
        )


def _mark_as_coroutine_function(job: Any, function: Callable[..., Any]) -> None:
    """Frameworks ask whether to await; from Python 3.12 on there is a public way to say so."""
    if sys.version_info >= (3, 12):
        inspect.markcoroutinefunction(job)
    else:
        # `asyncio.iscoroutinefunction` looks for a mark, `inspect.iscoroutinefunction` for what makes a function.
        vars(job)["_is_coroutine"] = vars(asyncio.coroutines)["_is_coroutine"]
        for name in ("__code__", "__defaults__", "__kwdefaults__", "__annotations__"):
            setattr(job, name, getattr(function, name, None))
