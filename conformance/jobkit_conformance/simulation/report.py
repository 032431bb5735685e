"""A simulation for its readers: what happened as a trace, and what was played as code that runs."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Collection
from typing import Final

from jobkit_conformance.history import trace as told
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.history import History, Note
from jobkit_conformance.history.trace import Trace
from jobkit_conformance.scenario import Scenario
from jobkit_conformance.simulation.simulator import REST

WIDTH: Final = 96


def to_trace(history: History, start_ms: int) -> Trace:
    """The calls in the order in which they began, up to where one client looked after what was left."""
    workers = {process.name for process in history.processes}
    shown = [entry for entry in history.entries if not (isinstance(entry, Call) and _is_idle(entry, workers))]
    found = Trace(origin=start_ms)
    places: dict[int, int] = {}
    for entry in shown:
        at = (entry.from_ms if isinstance(entry, Call) else entry.at_ms) - start_ms
        if isinstance(entry, Note):
            found.steps.append(told.Noted(entry.who, entry.words, at))
            continue
        stated = {name: value for name, value in entry.stated.items() if name != "wait" or value}
        step = told.Call(entry.client, entry.verb, (entry.items,), stated, at, len(found.steps))
        if entry.answered:
            step.answer = entry.answer
        step.raised = entry.error
        step.cancelled = isinstance(entry.error, asyncio.CancelledError)
        places[id(step)] = entry.ended or 0
        found.steps.append(step)
    begins = [entry.begun for entry in shown if isinstance(entry, Call)]
    calls = [step for step in found.steps if isinstance(step, told.Call)]
    for step in calls:
        ended = places[id(step)]
        later = sum(begun < ended for begun in begins) if ended else len(calls)
        step.ended = calls[later].place if later < len(calls) else len(found.steps)
    return found


def _is_idle(call: Call, workers: Collection[str]) -> bool:
    """Whether a call only says that nothing was left, or is a worker's that found nothing."""
    idle = call.answer == [] or (call.verb == "reserve" and isinstance(call.error, asyncio.CancelledError))
    return idle and (call.client == REST or call.client in workers)


def to_source(scenario: Scenario, target: str) -> str:
    """The scenario as a script that plays it once more."""
    used = sorted({type(step).__name__ for script in scenario.scripts for step in script})
    lines = [f"from jobkit_conformance.scenario import {', '.join([*used, 'Scenario'])}"]
    lines += ["from jobkit_conformance.simulation.replay import replay", "", f"replay({target!r}, Scenario("]
    lines.append("    scripts=[  # a line a client; all of them at once")
    lines += [f"        [{', '.join(map(repr, script))}]," for script in scenario.scripts]
    lines.append("    ],")
    if scenario.decisions:
        said = ", ".join(map(str, scenario.decisions))
        lines += textwrap.wrap(f"decisions=[{said}],", WIDTH, initial_indent="    ", subsequent_indent="        ")
    if scenario.faulty:
        lines.append("    faulty=True,  # requests and replies may get lost")
    return "\n".join([*lines, "))"])
