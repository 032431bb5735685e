"""A declared job, and what can be done with it."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import sys
import types
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import jobkit
from jobkit.errors import DeclarationError, InvalidArgument, SignatureMismatch, UnknownQueue
from jobkit.execute.outcome import Performed
from jobkit.jobs.job import name_of


async def later(user_id: int, template: str = "welcome") -> str:
    """Send it later."""
    return f"{template}:{user_id}"


def now(user_id: int) -> str:
    return f"now:{user_id}"


class Mailer:
    def method(self) -> None: ...
    @staticmethod
    def alone() -> None: ...
    @classmethod
    def made(cls) -> None: ...


class Callee:
    def __call__(self, user_id: int) -> int:
        return user_id


class AsyncCallee:
    async def __call__(self, user_id: int) -> int:
        return user_id


# Declaring.


def test_a_job_is_named_after_its_module_and_function(app: jobkit.App) -> None:
    assert app.job(now).name == f"{__name__}.now"
    assert list(app.jobs) == [f"{__name__}.now"]


def test_of_the_main_module_the_name_is_the_one_that_others_import(monkeypatch: pytest.MonkeyPatch) -> None:
    def send() -> None: ...

    send.__module__, send.__qualname__ = "__main__", "send"
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    main.__file__ = "/somewhere/shop.py"
    assert name_of(send) == "shop.send"
    main.__spec__ = types.SimpleNamespace(name="shop.jobs")  # type: ignore[assignment]
    assert name_of(send) == "shop.jobs.send"


def test_what_a_worker_would_not_find_is_refused_without_a_name(app: jobkit.App) -> None:
    def nested() -> None: ...

    refusals: list[tuple[Callable[..., Any], str]] = [
        (lambda: None, "a lambda has no name that a worker could find: give it one"),
        (nested, "nested is declared anew each time its outer function runs"),
        (Mailer.method, "Mailer.method is a method, and a worker has no object to call it on"),
        (Mailer.alone, "Mailer.alone is a method"),
        (Callee(), "a callable without a name of its own needs one"),
        (functools.partial(now, 1), "a callable without a name of its own needs one"),
    ]
    for function, why in refusals:
        with pytest.raises(DeclarationError, match=why) as raised:
            app.job(function)
        assert "@app.job(name=...)" in str(raised.value)
    assert not app.jobs


@pytest.mark.parametrize(
    "function", [lambda user_id: user_id, Callee(), functools.partial(lambda user_id: user_id), AsyncCallee()]
)
def test_with_a_name_they_are_jobs(app: jobkit.App, function: Callable[[int], Any]) -> None:
    job = app.job(name="shop.any")(function)
    assert job.perform(7).value == 7


def _yields() -> Iterator[int]:
    yield 1


async def _ayields() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (Mailer, "a job is a function, not a type"),
        (staticmethod(now), "a job is a function, not a staticmethod"),
        (vars(Mailer)["made"], "a job is a function, not a classmethod"),
        ("now", "a job is a function, not a str"),
        (_yields, "_yields: a job returns, it does not yield"),
        (_ayields, "_ayields: a job returns, it does not yield"),
    ],
)
def test_what_is_no_function_is_refused_with_a_name_too(app: jobkit.App, function: Any, why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        app.job(name="shop.any")(function)


# Being a function.


async def test_calling_a_job_just_calls_the_function(app: jobkit.App) -> None:
    assert app.job(now)(7) == "now:7"
    assert await app.job(later)(7, template="x") == "x:7"


def test_a_job_looks_like_its_function(app: jobkit.App) -> None:
    job = app.job(later)
    assert (job.__name__, job.__qualname__, job.__module__, job.__doc__) == (
        "later",
        "later",
        __name__,
        "Send it later.",
    )
    assert inspect.signature(job) == inspect.signature(later)
    assert inspect.unwrap(job) is later
    assert repr(job) == f"<job {__name__}.later(user_id, template='welcome')>"


@pytest.mark.parametrize("asks", [inspect.iscoroutinefunction, asyncio.iscoroutinefunction])
@pytest.mark.parametrize(("function", "asynchronous"), [(later, True), (now, False)])
@pytest.mark.filterwarnings("ignore:'asyncio.iscoroutinefunction' is deprecated:DeprecationWarning")
def test_frameworks_see_whether_to_await_it(
    app: jobkit.App, asks: Callable[[object], bool], function: Callable[..., Any], *, asynchronous: bool
) -> None:
    job = app.job(function)
    assert asks(job) is asynchronous
    assert job.is_async is asynchronous


async def test_a_web_framework_awaits_it(app: jobkit.App) -> None:
    from starlette.background import BackgroundTask

    sent: list[int] = []

    @app.job(name="shop.send")
    async def send(user_id: int) -> None:
        sent.append(user_id)

    await BackgroundTask(send, 7)()
    assert sent == [7]


def test_a_copy_of_a_job_is_the_job(app: jobkit.App) -> None:
    job = app.job(now)
    assert copy.deepcopy({"job": job})["job"] is job


# Options.


def test_options_are_stated_step_by_step(app: jobkit.App) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    job = app.job(queue="mail")(now)
    prepared = job.using(delay=5, priority=1).using(at=noon, key="k").using(priority=2)
    call = prepared.call(7)
    assert call.options.stated() == {"priority": 2, "at": 1_782_907_200_000, "key": "k"}
    assert repr(prepared) == "now.using(priority=2, at=datetime.fromisoformat('2026-07-01T12:00:00+00:00'), key='k')"


def test_stating_changes_nothing_of_the_job(app: jobkit.App) -> None:
    job = app.job(now)
    job.using(delay=timedelta(hours=1))
    assert job.call(7).options.stated() == {}


def test_an_unknown_queue_is_an_error_at_using(app: jobkit.App) -> None:
    app.queue("mail")
    with pytest.raises(UnknownQueue, match=r"no queue 'mial' \(there are: default, mail\); did you mean 'mail'\?"):
        app.job(now).using(queue="mial")


@pytest.mark.parametrize("options", [{"delay": -1}, {"priority": 10}, {"at": datetime(2026, 1, 1)}, {"key": ""}])
def test_an_option_that_can_not_be_meant_is_an_error_at_using(app: jobkit.App, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        app.job(now).using(**options)


@pytest.mark.parametrize("options", [{"priority": 10}, {"priority": "high"}, {"key": "\n"}])
def test_and_when_declared(app: jobkit.App, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        app.job(**options)(now)


# Here and now.


def test_perform_goes_through_coder_and_rules_and_stores_nothing(app: jobkit.App, shelf: Any) -> None:
    outcome = app.job(later).perform(7)
    assert (outcome.state, outcome.value) == (Performed.SUCCEEDED, "welcome:7")
    assert len(shelf) == 0


async def test_aperform_likewise(app: jobkit.App, shelf: Any) -> None:
    outcome = await app.job(now).aperform(7)
    assert (outcome.state, outcome.value) == (Performed.SUCCEEDED, "now:7")
    assert len(shelf) == 0


def test_perform_tells_an_error_and_does_not_raise_it(app: jobkit.App) -> None:
    @app.job(name="shop.fails", discard=KeyError)
    async def fails() -> None:
        raise KeyError("gone")

    assert fails.perform().state is Performed.DISCARDED


def test_plain_functions_are_performed_in_the_callers_thread(app: jobkit.App) -> None:
    import threading

    job = app.job(name="shop.where")(threading.current_thread)
    assert job.perform().value is threading.current_thread()


async def test_arguments_are_checked_at_the_call(app: jobkit.App) -> None:
    job: Any = app.job(now)
    for verb in (job.call, job.enqueue, job.aenqueue, job.perform, job.using(delay=1).call):
        with pytest.raises(SignatureMismatch, match=r"got an unexpected keyword argument 'usr'"):
            verb(7, usr=7)
