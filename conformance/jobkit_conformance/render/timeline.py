"""A play as it happened: when, who, what was asked, what came of it; a line each, in words."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from jobkit.backend import (
    Accepted,
    CancelRequested,
    Counts,
    Dead,
    Delivery,
    Done,
    Extended,
    Extension,
    KeyTaken,
    Message,
    Page,
    Release,
    RetryAt,
    Stored,
)
from jobkit_conformance.history.trace import UNSEEN, Advanced, Call, Happened, Noted, Opened, Step, Trace
from jobkit_conformance.operation_records import kind_of
from jobkit_conformance.render.value_source import short_repr

MOST: Final = 40
SEVERAL: Final = 4
"""Items that are named one by one."""


def as_timeline(trace: Trace) -> str:
    """The steps, a line each; the middle of a long play is left out."""
    teller = TimelineFormatter(trace)
    rows = [row for step in trace.steps for row in teller.rows(step)]
    if len(rows) > MOST:
        cut = len(rows) - MOST
        rows = [*rows[: MOST // 2], f"{'':>9}  ... {cut} more", *rows[-MOST // 2 :]]
    return "\n".join(rows)


def span(milliseconds: int) -> str:
    """``+90 s``, ``+2 h``, ``+1.5 s``, ``+36,500 d 1 min``."""
    sign, left = ("-", -milliseconds) if milliseconds < 0 else ("+", milliseconds)
    parts: list[str] = []
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min")):
        if left >= 2 * size or (parts and left >= size):
            parts.append(f"{left // size:,} {unit}")
            left %= size
    if left or not parts:
        parts.append(f"{left / 1000:,.10g} s")
    return sign + " ".join(parts)


class TimelineFormatter:
    """Says what was asked and what came of it, in words."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._deliveries: dict[str, Delivery] = {}

    def rows(self, step: Step) -> Iterator[str]:
        """The lines of one step."""
        when = f"{span(step.at):>9}"
        match step:
            case Call():
                asked, came = self.call(step)
                yield f"{when}  {step.client:<3} {step.verb:<8} {asked} -> {came}"
            case Advanced(milliseconds=milliseconds):
                yield f"{when}  --- the clock moves by {span(milliseconds)[1:]}"
            case Happened(words=words):
                yield f"{when}  --- {words}"
            case Noted(who=who, words=words):
                yield f"{when}  {who:<3} {words}"
            case Opened():
                pass

    def call(self, step: Call) -> tuple[str, str]:
        """What was asked, and what came of it. Calls are told in order: later ones speak of what earlier ones got."""
        for delivery in _deliveries(step):
            self._deliveries[delivery.token] = delivery
        return self._asked(step), self.result(step)

    def name(self, id: object) -> str:
        """How a job is called here."""
        return _id(id)

    # What was asked.

    def _asked(self, step: Call) -> str:
        match step.verb:
            case "enqueue":
                return _several(step.args[0], self._message)
            case "settle":
                return _several(step.args[0], self._settlement)
            case "extend":
                return _several(step.args[0], self._extension)
            case "reserve":
                limit, lease, wait = (step.stated.get(name) for name in ("limit", "lease", "wait"))
                asked = f"{limit} of {' then '.join(map(str, step.args[0]))} for {_time(lease)}"
                return f"{asked}, waiting {_time(wait)}" if wait else asked
            case "cancel" | "requeue" | "delete" | "get":
                return _several(step.args[0], _id)
            case "cell_set":
                name, value, version = step.args
                return f"{_id(name)} to {short_repr(value)}, expecting version {version}"
            case _:
                words = [_word(each) for each in step.args] + [f"{name} {value}" for name, value in step.stated.items()]
                return " ".join(words)

    def _message(self, message: object) -> str:
        if not isinstance(message, Message):
            return short_repr(message)
        about = [f"in {message.queue}"] if message.queue != "q" else []
        about += [f"after {_time(message.after)}"] if message.after is not None else []
        about += [f"at {self._instant(message.at)}"] if message.at is not None else []
        about += [f"priority {message.priority}"] if message.priority else []
        about += [f"key {message.key}"] if message.key is not None else []
        about += [f"remembered {_time(message.remember)}"] if message.remember is not None else []
        return f"{_id(message.id)} ({', '.join(about)})" if about else _id(message.id)

    def _settlement(self, settlement: object) -> str:
        match settlement:
            case Done():
                how = "done"
            case Release():
                how = "released"
            case Dead():
                how = "dead"
            case RetryAt(at=None, after=None):
                how = "to retry at no time"
            case RetryAt(at=None, after=after):
                how = f"to retry in {_time(after)}" if after else "to retry now"
            case RetryAt(at=at):
                how = f"to retry at {self._instant(at or 0)}"
            case _:
                return short_repr(settlement)
        return f"{self._delivery(settlement.token)} {how}"

    def _extension(self, extension: object) -> str:
        if not isinstance(extension, Extension):
            return short_repr(extension)
        where = f", checkpoint {short_repr(extension.checkpoint)}" if extension.checkpoint is not None else ""
        return f"{self._delivery(extension.token)} by {_time(extension.lease)}{where}"

    def _delivery(self, token: str) -> str:
        found = self._deliveries.get(token)
        return "an unknown token" if found is None else f"{_id(found.message.id)} (delivery {found.number})"

    def _instant(self, instant: int) -> str:
        after = self._trace.after(instant)
        return f"{instant:,}" if after is None or abs(after) > 10**14 else span(after)

    # What came of it.

    def result(self, step: Call) -> str:
        """What a call answered."""
        if step.cancelled:
            return "cancelled"
        if step.raised is not None:
            return f"raised {type(step.raised).__name__}"
        if step.answer is UNSEEN:
            return "no answer"
        if step.answer is None:
            return {"close": "done", "pause": "done", "resume": "done", "cell_set": "refused"}.get(step.verb, "nothing")
        if step.verb == "cell_set":
            return f"version {step.answer}"
        if step.items and len(_deliveries(step)) == len(step.items):
            return f"granted {self._grants(step.answer)}"
        if step.items:
            return _several(step.items, self._outcome)
        if step.answer == []:
            return "nothing"
        return self._outcome(step.answer)

    def _grants(self, deliveries: Sequence[Delivery]) -> str:
        if len(deliveries) <= SEVERAL:
            attempts = {each.attempt for each in deliveries}
            ends = {each.lease_end for each in deliveries}
            if len(ends) > 1 or any(each.checkpoint is not None for each in deliveries):
                return ", ".join(map(self._granted, deliveries))
            names = [_id(each.message.id) for each in deliveries]
            if len(attempts) > 1:
                names = [f"{name} (attempt {each.attempt})" for name, each in zip(names, deliveries, strict=True)]
            said = f" (attempt {attempts.pop()})" if len(attempts) == 1 else ""
            return f"{', '.join(names)}{said} until {self._instant(ends.pop())}"
        ids = textwrap.shorten(", ".join(str(each.message.id) for each in deliveries), 60, placeholder=" ...")
        return f"{len(deliveries):,}: {ids}"

    def _granted(self, delivery: Delivery) -> str:
        until = self._instant(delivery.lease_end)
        where = f", checkpoint {short_repr(delivery.checkpoint)}" if delivery.checkpoint is not None else ""
        return f"{_id(delivery.message.id)} (attempt {delivery.attempt}{where}) until {until}"

    def _outcome(self, outcome: object) -> str:
        match outcome:
            case Accepted():
                return "accepted"
            case KeyTaken(by=by):
                return f"key_taken by {by}"
            case Extended(end=end):
                return f"until {self._instant(end)}"
            case CancelRequested(end=end):
                return f"until {self._instant(end)}, cancelled"
            case Counts():
                named = ("scheduled", "ready", "leased", "dead")
                return (
                    ", ".join(f"{getattr(outcome, name)} {name}" for name in named if getattr(outcome, name)) or "none"
                )
            case Stored():
                return f"{outcome.state.value}, attempt {outcome.attempt}"
            case Page(jobs=jobs, cursor=cursor):
                return f"{_several([job.message.id for job in jobs], str)}{' and more' if cursor else ''}"
            case (bytes() as value, int() as version):
                return f"{short_repr(value)}, version {version}"
            case str() | int():
                return str(outcome)
            case _:
                return kind_of(outcome)


def _deliveries(step: Call) -> Sequence[Delivery]:
    """Those that a reserve granted; whatever else a wrong backend answers is none."""
    return [each for each in step.items if isinstance(each, Delivery)] if step.verb == "reserve" else ()


def _several(items: Sequence[Any], say: Callable[[Any], str]) -> str:
    """Each of a few; of many how many of each kind, or the first and the last."""
    words = [say(item) for item in items] if isinstance(items, (list, tuple)) else [short_repr(items)]
    if 1 < len(words) <= SEVERAL and len(set(words)) == 1:
        return f"all {words[0]}"
    if len(words) <= SEVERAL:
        return ", ".join(words) or "nothing"
    counted = Counter(words)
    if len(counted) <= SEVERAL:
        return ", ".join(f"{count:,} {word}" for word, count in counted.items())
    return f"{len(words):,}: {words[0]} ... {words[-1]}"


def _id(id: object) -> str:
    """An id as it is, unless that would be hard to read."""
    plain = isinstance(id, str) and id.isprintable() and id.strip() == id != ""
    return str(id) if plain else short_repr(id)


def _time(milliseconds: object) -> str:
    return span(milliseconds).removeprefix("+") if isinstance(milliseconds, int) else str(milliseconds)


def _word(value: object) -> str:
    return _id(value) if isinstance(value, str) else str(value)
