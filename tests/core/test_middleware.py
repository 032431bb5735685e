"""Middlewares around one item: in, and out again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any

import pytest

from jobkit.errors import ConfigurationError
from jobkit.jobs.middleware import AsyncMiddlewareChain, Middleware, MiddlewareChain, check, is_async

Log = list[str]


class Recording:
    """Middlewares of every shape, and what they saw."""

    def __init__(self) -> None:
        self.log: Log = []

    def around(self, name: str) -> Middleware:
        def around(item: str) -> Generator[None, Any, None]:
            self.log.append(f"{name} in {item}")
            try:
                result = yield
            except BaseException as error:
                self.log.append(f"{name} {type(error).__name__}")
                raise
            self.log.append(f"{name} out {result}")

        return around

    def aaround(self, name: str) -> Middleware:
        async def aaround(item: str) -> AsyncGenerator[None, Any]:
            self.log.append(f"{name} in {item}")
            try:
                result = yield
            except BaseException as error:
                self.log.append(f"{name} {type(error).__name__}")
                raise
            self.log.append(f"{name} out {result}")

        return aaround

    def before(self, name: str) -> Middleware:
        return lambda item: self.log.append(f"{name} in {item}")

    def abefore(self, name: str) -> Middleware:
        async def abefore(item: str) -> None:
            self.log.append(f"{name} in {item}")

        return abefore


@pytest.fixture
def recording() -> Recording:
    return Recording()


def walk(middlewares: list[Middleware], call: Callable[[], str]) -> str:
    """Through a way as its users take it, for callers without a loop."""
    way = MiddlewareChain(middlewares, "item")
    way.enter()
    try:
        result = call()
    except BaseException as error:
        way.fail(error)
        raise
    way.leave(result)
    return result


def awalk(middlewares: list[Middleware], call: Callable[[], str]) -> str:
    """The same on a loop."""

    async def run() -> str:
        way = AsyncMiddlewareChain(middlewares, "item")
        await way.enter()
        try:
            result = call()
        except BaseException as error:
            await way.fail(error)
            raise
        await way.leave(result)
        return result

    return asyncio.run(run())


Walk = Callable[[list[Middleware], Callable[[], str]], str]

both = pytest.mark.parametrize("through", [walk, awalk])


def fails() -> str:
    raise LookupError("no")


@both
def test_in_from_the_outermost_and_out_from_the_innermost(recording: Recording, through: Walk) -> None:
    assert through([recording.around("a"), recording.before("b"), recording.around("c")], lambda: "done") == "done"
    assert recording.log == ["a in item", "b in item", "c in item", "c out done", "a out done"]


def test_on_a_loop_all_shapes_go_together(recording: Recording) -> None:
    shapes = [recording.around("a"), recording.aaround("b"), recording.abefore("c"), recording.before("d")]
    awalk(shapes, lambda: "done")
    assert recording.log == ["a in item", "b in item", "c in item", "d in item", "b out done", "a out done"]


@both
def test_an_error_travels_out_through_each_yield(recording: Recording, through: Walk) -> None:
    with pytest.raises(LookupError, match="no"):
        through([recording.around("a"), recording.around("b")], fails)
    assert recording.log == ["a in item", "b in item", "b LookupError", "a LookupError"]


def test_through_asynchronous_ones_too(recording: Recording) -> None:
    with pytest.raises(LookupError, match="no"):
        awalk([recording.aaround("a"), recording.around("b")], fails)
    assert recording.log == ["a in item", "b in item", "b LookupError", "a LookupError"]


def swallows(_: object) -> Generator[None]:
    try:
        yield
    except LookupError:
        return


async def aswallows(_: object) -> AsyncGenerator[None]:
    try:
        yield
    except LookupError:
        return


@pytest.mark.parametrize(("through", "swallowing"), [(walk, swallows), (awalk, swallows), (awalk, aswallows)])
def test_no_middleware_can_make_an_error_good(recording: Recording, through: Walk, swallowing: Middleware) -> None:
    with pytest.raises(LookupError):
        through([recording.around("a"), swallowing], fails)
    assert recording.log == ["a in item", "a LookupError"]


def translates(_: object) -> Generator[None]:
    try:
        yield
    except LookupError as error:
        raise PermissionError("not yours") from error


async def atranslates(_: object) -> AsyncGenerator[None]:
    try:
        yield
    except LookupError as error:
        raise PermissionError("not yours") from error


@pytest.mark.parametrize(("through", "translating"), [(walk, translates), (awalk, translates), (awalk, atranslates)])
def test_one_may_put_another_error_in_its_place(recording: Recording, through: Walk, translating: Middleware) -> None:
    with pytest.raises(PermissionError) as raised:
        through([recording.around("a"), translating, recording.around("b")], fails)
    assert isinstance(raised.value.__cause__, LookupError)
    assert recording.log == ["a in item", "b in item", "b LookupError", "a PermissionError"]


@both
def test_one_that_raises_on_the_way_in_turns_everybody_round(recording: Recording, through: Walk) -> None:
    def refuses(_: object) -> None:
        raise PermissionError("not today")

    with pytest.raises(PermissionError):
        through([recording.around("a"), refuses, recording.around("b")], lambda: "never")
    assert recording.log == ["a in item", "a PermissionError"]


def late(_: object) -> Generator[None]:
    yield
    raise PermissionError("too late")


async def alate(_: object) -> AsyncGenerator[None]:
    yield
    raise PermissionError("too late")


@pytest.mark.parametrize(("through", "raising"), [(walk, late), (awalk, late), (awalk, alate)])
def test_one_that_raises_on_the_way_out_is_seen_by_those_outside(
    recording: Recording, through: Walk, raising: Middleware
) -> None:
    with pytest.raises(PermissionError):
        through([recording.around("a"), raising, recording.around("b")], lambda: "done")
    assert recording.log == ["a in item", "b in item", "b out done", "a PermissionError"]


def twice(_: object) -> Generator[None]:
    yield
    yield


async def atwice(_: object) -> AsyncGenerator[None]:
    yield
    yield


def again(_: object) -> Generator[None]:
    try:
        yield
    except LookupError:
        yield


async def aagain(_: object) -> AsyncGenerator[None]:
    try:
        yield
    except LookupError:
        yield


@pytest.mark.parametrize(
    ("through", "middleware", "call"),
    [
        (walk, twice, lambda: "done"),
        (awalk, twice, lambda: "done"),
        (awalk, atwice, lambda: "done"),
        (walk, again, fails),
        (awalk, again, fails),
        (awalk, aagain, fails),
    ],
)
def test_a_middleware_yields_once(through: Walk, middleware: Middleware, call: Callable[[], str]) -> None:
    with pytest.raises(ConfigurationError, match=r"a middleware yields once: a?(twice|again) yielded again"):
        through([middleware], call)


@both
def test_one_that_returns_before_its_yield_is_out_of_the_way(recording: Recording, through: Walk) -> None:
    def perhaps(_: object) -> Generator[None]:
        if recording.log:
            return
        yield

    assert through([recording.around("a"), perhaps], lambda: "done") == "done"
    assert recording.log == ["a in item", "a out done"]


def test_every_way_out_is_taken_when_the_loop_cancels(recording: Recording) -> None:
    async def run() -> None:
        way = AsyncMiddlewareChain([recording.around("a"), recording.aaround("b")], "item")
        await way.enter()
        await way.fail(asyncio.CancelledError())

    asyncio.run(run())
    assert recording.log == ["a in item", "b in item", "b CancelledError", "a CancelledError"]


class Called:
    def __call__(self, item: object) -> None: ...


class CalledLater:
    async def __call__(self, item: object) -> None: ...


class Methods:
    def plain(self, item: object) -> None: ...
    async def later(self, item: object) -> None: ...


async def coroutine(item: object) -> None: ...


def returns_a_coroutine(item: object) -> Coroutine[Any, Any, None]:
    return coroutine(item)


@pytest.mark.parametrize(
    ("middleware", "needs_a_loop"),
    [
        (twice, False),
        (atwice, True),
        (coroutine, True),
        (Called(), False),
        (CalledLater(), True),
        (Methods().plain, False),
        (Methods().later, True),
        (print, False),
    ],
)
def test_which_need_a_loop_is_known_before_they_are_called(middleware: Middleware, *, needs_a_loop: bool) -> None:
    assert is_async(middleware) is needs_a_loop


def test_what_can_not_be_called_is_no_middleware() -> None:
    with pytest.raises(ConfigurationError, match="a middleware is a function of one argument, not str"):
        check(["log"])  # type: ignore[list-item]
    assert check([twice, print]) == (twice, print)
