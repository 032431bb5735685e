"""Middleware on both sides: around enqueuing and around performing, outermost first.

A middleware is a function of one argument: an `Outgoing` around enqueuing, a `JobContext` around performing.
Four shapes do:

- a generator that yields once: before the ``yield`` it runs on the way in, after it on the way out; the ``yield``
  hands it the receipt, or raises what the job raised;
- an asynchronous generator, likewise;
- a plain function, or a coroutine function: on the way in only.

Around enqueuing, `Refuse` keeps the job from being stored. Around performing, `Skip` ends it without a start.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from types import AsyncGeneratorType, GeneratorType
from typing import Any, TypeAlias, TypeGuard

from jobkit.errors import ConfigurationError

Middleware: TypeAlias = Callable[[Any], Any]


def is_async(middleware: Middleware) -> bool:
    """Whether it needs an event loop."""
    import inspect

    target = middleware if inspect.isroutine(middleware) else type(middleware).__call__
    return inspect.isasyncgenfunction(target) or inspect.iscoroutinefunction(target)


def check(middlewares: Sequence[Middleware]) -> tuple[Middleware, ...]:
    """The middlewares, once it is sure that each can be called."""
    for middleware in middlewares:
        if not callable(middleware):
            raise ConfigurationError(f"a middleware is a function of one argument, not {type(middleware).__name__}")
    return tuple(middlewares)


class MiddlewareChain:
    """Middlewares around one item, for callers without a loop: enter, then leave with what came of it."""

    def __init__(self, middlewares: Sequence[Middleware], item: object) -> None:
        self._middlewares = middlewares
        self._item = item
        self._entered: list[Generator[Any, Any, Any]] = []

    def enter(self) -> None:
        """Run the way in; when one raises, those before it see the error."""
        try:
            for middleware in self._middlewares:
                made: Any = middleware(self._item)
                if _is_generator(made):
                    self._begin(made)
        except BaseException as error:
            self.fail(error)
            raise

    def _begin(self, made: Generator[Any, Any, Any]) -> None:
        next(made, None)
        self._entered.append(made)

    def leave(self, result: object) -> None:
        """Run the way out, innermost first, each with the result; what one raises goes on outward as an error."""
        try:
            while self._entered:
                _send(self._entered.pop(), result)
        except BaseException as error:
            self.fail(error)
            raise

    def fail(self, error: BaseException) -> None:
        """Run the way out, each with the error raised at its ``yield``; none can make it good.

        Raises what a middleware raised in its place, which those further out have seen instead.
        """
        last = error
        while self._entered:
            last = _throw(self._entered.pop(), last)
        if last is not error:
            raise last


class AsyncMiddlewareChain:
    """Middlewares of any shape around one item."""

    def __init__(self, middlewares: Sequence[Middleware], item: object) -> None:
        self._middlewares = middlewares
        self._item = item
        self._entered: list[Generator[Any, Any, Any] | AsyncGenerator[Any, Any]] = []

    async def enter(self) -> None:
        """As `Way.enter`."""
        try:
            for middleware in self._middlewares:
                await self._begin(middleware(self._item))
        except BaseException as error:
            await self.fail(error)
            raise

    async def _begin(self, made: Any) -> None:
        if _is_async_generator(made):
            await anext(made, None)
            self._entered.append(made)
        elif _is_generator(made):
            next(made, None)
            self._entered.append(made)
        elif isinstance(made, Awaitable):
            await made

    async def leave(self, result: object) -> None:
        """As `Way.leave`."""
        try:
            while self._entered:
                made = self._entered.pop()
                if isinstance(made, AsyncGenerator):
                    await _asend(made, result)
                else:
                    _send(made, result)
        except BaseException as error:
            await self.fail(error)
            raise

    async def fail(self, error: BaseException) -> None:
        """As `Way.fail`."""
        last = error
        while self._entered:
            made = self._entered.pop()
            last = await _athrow(made, last) if isinstance(made, AsyncGenerator) else _throw(made, last)
        if last is not error:
            raise last


def _is_generator(made: object) -> TypeGuard[Generator[Any, Any, Any]]:
    return isinstance(made, GeneratorType)


def _is_async_generator(made: object) -> TypeGuard[AsyncGenerator[Any, Any]]:
    return isinstance(made, AsyncGeneratorType)


def _send(made: Generator[Any, Any, Any], result: object) -> None:
    try:
        made.send(result)
    except StopIteration:
        return
    made.close()
    raise _yielded_twice(made)


async def _asend(made: AsyncGenerator[Any, Any], result: object) -> None:
    try:
        await made.asend(result)
    except StopAsyncIteration:
        return
    await made.aclose()
    raise _yielded_twice(made)


def _throw(made: Generator[Any, Any, Any], error: BaseException) -> BaseException:
    try:
        made.throw(error)
    except StopIteration:
        return error
    except BaseException as raised:  # noqa: BLE001 - handed back, to be raised by whoever ends the way
        return raised
    made.close()
    return _yielded_twice(made)


async def _athrow(made: AsyncGenerator[Any, Any], error: BaseException) -> BaseException:
    try:
        await made.athrow(error)
    except StopAsyncIteration:
        return error
    except BaseException as raised:  # noqa: BLE001 - likewise
        return raised
    await made.aclose()
    return _yielded_twice(made)


def _yielded_twice(made: object) -> ConfigurationError:
    return ConfigurationError(f"a middleware yields once: {getattr(made, '__qualname__', made)} yielded again")
