"""When to try again: pure functions of the attempt and the error."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TypeAlias

from msgspec import Struct

from jobkit.errors import ConfigurationError

FOREVER = 100 * 365 * 86_400.0
"""Where a wait without a cap of its own saturates, in seconds: a hundred years."""

DEFAULT_ATTEMPTS = 5
"""How often a job without ``retry=`` is started when its workers get lost."""


class Backoff(Struct, frozen=True):
    """A wait that grows with the attempt, up to a cap, spread by a jitter that the job's id seeds.

    The jitter takes up to its share off, so that the cap holds and the same job waits the same time in a replay.
    """

    grow: Callable[[int], float]
    cap: float
    jitter: float
    name: str

    def seconds(self, attempt: int, seed: str) -> float:
        try:
            base = self.grow(attempt)
        except OverflowError:
            base = self.cap
        luck = zlib.crc32(seed.encode("utf-8", "surrogatepass")) / 2**32
        return min(base, self.cap, FOREVER) * (1 - self.jitter * luck)

    def __repr__(self) -> str:
        return self.name


Wait: TypeAlias = float | timedelta | Backoff | Callable[[int, BaseException], float | timedelta]
"""Seconds, a duration, `exponential` or `polynomial`, or a callable of attempt and error."""

Errors: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]


def exponential(first: float = 2, factor: float = 2, cap: float = 3600, jitter: float = 0.15) -> Backoff:
    """``first`` seconds, then ``factor`` times as long after each attempt, at most ``cap``."""
    _check_backoff(cap, jitter, first=first, factor=factor)
    name = f"exponential(first={first}, factor={factor}, cap={cap}, jitter={jitter})"
    return Backoff(lambda attempt: first and first * float(factor) ** (attempt - 1), cap, jitter, name)


def polynomial(power: float = 4, plus: float = 2, cap: float = 3600, jitter: float = 0.15) -> Backoff:
    """``attempt ** power + plus`` seconds, at most ``cap``; the defaults are Active Job's."""
    _check_backoff(cap, jitter, power=power, plus=plus)
    name = f"polynomial(power={power}, plus={plus}, cap={cap}, jitter={jitter})"
    return Backoff(lambda attempt: float(attempt) ** power + plus, cap, jitter, name)


def _check_backoff(cap: float, jitter: float, **numbers: float) -> None:
    for name, number in {"cap": cap, **numbers}.items():
        if not (math.isfinite(number) and number >= 0):
            raise ConfigurationError(f"{name} is a finite number, at least 0, not {number}")
    if not 0 <= jitter <= 1:
        raise ConfigurationError(f"jitter is a share between 0 and 1, not {jitter}")


class Retry(Struct, frozen=True):
    """Try again when a job raises ``on``, until ``attempts`` executions in all, crashes included.

    ``wait``: seconds, a timedelta, `exponential(...)` (the default), `polynomial(...)`, or a callable of attempt
    and error; counted from the failure.
    """

    attempts: int = DEFAULT_ATTEMPTS
    wait: Wait = exponential()
    on: Errors = Exception

    def __post_init__(self) -> None:
        if type(self.attempts) is not int or not 1 <= self.attempts < 2**31:
            raise ConfigurationError(f"attempts is 1 to 2**31 - 1, not {self.attempts!r}")
        if not (isinstance(self.wait, (int, float, timedelta, Backoff)) or callable(self.wait)):
            raise ConfigurationError(f"wait is seconds, a timedelta or a callable, not {type(self.wait).__name__}")
        if isinstance(self.wait, (int, float, timedelta)):
            _check_backoff(_seconds(self.wait), 0)
        check_errors("on", self.on)

    def seconds(self, attempt: int, error: BaseException, seed: str) -> float:
        """How long to wait after this attempt failed: finite and never negative, whatever a callable says."""
        if isinstance(self.wait, Backoff):
            return self.wait.seconds(attempt, seed)
        wait = self.wait(attempt, error) if callable(self.wait) else self.wait
        seconds = _seconds(wait)
        return min(max(seconds, 0.0), FOREVER) if not math.isnan(seconds) else FOREVER


class Rules(Struct, frozen=True):
    """What follows when a job raises: discard, the first retry rule that matches, or death."""

    retries: Sequence[Retry] = ()
    discard: tuple[type[BaseException], ...] = ()

    @property
    def attempts(self) -> int:
        """Starts are never more than this, crashes included."""
        return max((rule.attempts for rule in self.retries), default=DEFAULT_ATTEMPTS)

    def discards(self, error: BaseException) -> bool:
        return _is(error, self.discard)

    def rule_for(self, error: BaseException) -> Retry | None:
        return next((rule for rule in self.retries if _is(error, rule.on)), None)

    def covers(self, error: BaseException) -> bool:
        """Whether somebody thought of this error."""
        return self.discards(error) or self.rule_for(error) is not None


def rules(retry: Retry | Iterable[Retry] | None, discard: Errors | None) -> Rules:
    """The rules that ``@app.job(retry=..., discard=...)`` states."""
    retries = () if retry is None else (retry,) if isinstance(retry, Retry) else tuple(retry)
    for rule in retries:
        if not isinstance(rule, Retry):
            raise ConfigurationError(f"retry takes jobkit.Retry(...), one or a list, not {type(rule).__name__}")
    discarded = () if discard is None else check_errors("discard", discard)
    return Rules(retries, discarded)


def check_errors(name: str, errors: Errors) -> tuple[type[BaseException], ...]:
    """The exception types, once it is sure that they are such."""
    types = errors if isinstance(errors, tuple) else (errors,)
    for each in types:
        if not (isinstance(each, type) and issubclass(each, BaseException)):
            raise ConfigurationError(f"{name} is an exception type or a tuple of them, not {each!r}")
    return types


def _is(error: BaseException, types: Errors) -> bool:
    return any(isinstance(each, types) for each in _with_causes(error))


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        yield each
        seen.add(id(each))
        each = each.__cause__


def _seconds(wait: float | timedelta) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
