"""A play as code that runs: what a report prints, and what its reader can paste."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

from jobkit_conformance.history.trace import UNSEEN, Advanced, Call, Happened, Noted, Opened, Step, Trace
from jobkit_conformance.render.timeline import TimelineFormatter
from jobkit_conformance.render.value_source import ValueWriter

WIDTH: Final = 96
MOST: Final = 60
"""Lines of one program."""


def program_source(trace: Trace, target: str) -> str:
    """The play as a script: a program, and the call of `jobkit_conformance.replay` that plays it on a target."""
    steps = tuple(trace.steps)
    writer = _SourceWriter(trace, len(steps))
    body = [line for step in steps for line in writer.lines(step)]
    if len(body) > MOST:
        cut = len(body) - MOST
        body = [*body[: MOST // 2], f"...  # {cut} more lines", *body[-MOST // 2 :]]
    return "\n".join(
        [
            *_imports(writer),
            "",
            "",
            "async def program(env):",
            *(f"    {line}" for line in body or ["pass"]),
            "",
            "",
            f"replay({target!r}, program)",
        ]
    )


def _imports(writer: _SourceWriter) -> Iterator[str]:
    if writer.overlaps:
        yield from ("import asyncio", "")
    records = ", ".join(sorted(writer.speaker.used - {"State"}))
    if records:
        line = f"from jobkit.backend import {records}"
        if len(line) <= WIDTH:
            yield line
        else:
            yield "from jobkit.backend import ("
            yield from textwrap.wrap(f"{records},", WIDTH, initial_indent="    ", subsequent_indent="    ")
            yield ")"
    if "State" in writer.speaker.used:
        yield "from jobkit.lifecycle import State"
    yield "from jobkit_conformance import replay"


class _SourceWriter:
    """Writes the steps of one play, in order. What overlaps with other steps becomes a task."""

    def __init__(self, trace: Trace, steps: int) -> None:
        self.speaker = ValueWriter()
        self.overlaps = False
        self._teller = TimelineFormatter(trace)
        self._steps = steps
        self._place = 0
        self._tasks = 0
        self._pending: dict[int, list[tuple[str, Call]]] = {}

    def lines(self, step: Step) -> Iterator[str]:
        for name, call in self._pending.pop(self._place, []):
            yield from self._awaited(name, call)
        self._place += 1
        match step:
            case Opened(client=client, namespace=namespace, own_time=own_time):
                stated = repr(namespace) if namespace is not None else "own_time=True" if own_time else ""
                yield f"{client} = await env.client({stated})"
            case Advanced(milliseconds=milliseconds):
                yield f"await env.advance({milliseconds:_})"
            case Happened(call=what):
                yield f"await env.{what}"
            case Noted(who=who, words=words):
                yield f"# {who} {words}"
            case Call():
                yield from self._call(step)
        if self._place == self._steps:
            for name, call in [each for waiting in self._pending.values() for each in waiting]:
                yield from self._awaited(name, call)

    def _call(self, step: Call) -> Iterator[str]:
        arguments = [self.speaker.source(value) for value in step.args]
        arguments += [f"{name}={self.speaker.source(value)}" for name, value in step.stated.items()]
        if step.ended == step.place + 1:
            yield from _fitted(
                f"{self._result(step)}await {step.client}.{step.verb}(", arguments, ")", self._remark(step)
            )
            return
        self.overlaps = True
        self._tasks += 1
        name = f"t{self._tasks}"
        self._pending.setdefault(step.ended or self._steps + 1, []).append((name, step))
        yield from _fitted(f"{name} = asyncio.create_task({step.client}.{step.verb}(", arguments, "))", "")

    def _awaited(self, name: str, step: Call) -> Iterator[str]:
        if step.cancelled:
            yield f"{name}.cancel()"
        elif step.ended is not None:
            yield f"{self._result(step)}await {name}{self._remark(step)}"

    def _result(self, step: Call) -> str:
        """What the answer is assigned to, if that matters."""
        found: Any = step.answer
        if step.verb != "reserve" or step.answer is UNSEEN or not found:
            return ""
        return f"{self.speaker.name([delivery.token for delivery in found])} = "

    def _remark(self, step: Call) -> str:
        """What came of a call, as a comment."""
        if step.raised is not None:
            said = (str(step.raised).splitlines() or [""])[0]
            return f"  # raised {type(step.raised).__name__}{f': {said}' if said else ''}"
        return "" if step.answer is None else f"  # {self._teller.result(step)}"


def _fitted(head: str, arguments: Sequence[str], tail: str, remark: str) -> Iterator[str]:
    """A call on one line where it fits, else an argument a line."""
    line = f"{head}{', '.join(arguments)}{tail}"
    if len(line) + len(remark) <= WIDTH:
        yield line + remark
    elif len(line) <= WIDTH:
        yield line
        yield _cut(remark)
    else:
        yield head
        for argument in arguments:
            yield from _broken_up(argument, "    ")
        yield f"{tail}  {_cut(remark)}" if remark else tail


def _cut(remark: str) -> str:
    return textwrap.shorten(remark.strip(), WIDTH - 4, placeholder=" ...")


def _broken_up(text: str, indent: str) -> Iterator[str]:
    """An item of a list, on as many lines as it needs: brackets are opened where it is too long."""
    opened = re.match(r"(\w+=)?(\w*[\[(])", text)
    if len(indent) + len(text) + 1 <= WIDTH or opened is None or " for " in text:
        yield f"{indent}{text},"
        return
    yield f"{indent}{opened[0]}"
    for part in _parts(text[opened.end() : -1]):
        yield from _broken_up(part, f"{indent}    ")
    yield f"{indent}{text[-1]},"


def _parts(text: str) -> Iterator[str]:
    """What stands between the commas, but not those within brackets and quotes."""
    depth, start = 0, 0
    for found in re.finditer(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[\[({]|[])}]|, """, text):
        if found[0] in "[({":
            depth += 1
        elif found[0] in "])}":
            depth -= 1
        elif found[0] == ", " and not depth:
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]
