"""A case as code that plays it once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, cast

from msgspec import Struct

from jobkit_conformance.network.case import FaultCase, Purge, Wait
from jobkit_conformance.network.faults import FAULTS

_OWN: Final = frozenset({Purge.__name__, Wait.__name__})


def as_script(case: FaultCase, target: str) -> str:
    """The case as a script; client 0 is the one behind the proxy."""
    used = {type(each).__name__ for each in _all(case.steps)}
    own = ", ".join(sorted({"FaultCase"} | (used & _OWN)))
    lines = [f"from jobkit_conformance.operations import {', '.join(sorted(used - _OWN))}"] if used - _OWN else []
    lines += [
        f"from jobkit_conformance.network.case import {own}",
        "from jobkit_conformance.network.replay import replay",
        "",
    ]
    lines += [f"replay({target!r}, FaultCase(", "    steps=[  # client 0 is behind the proxy"]
    lines += [f"        {step!r}," for step in case.steps]
    lines.append("    ],")
    if case.fault:
        words = FAULTS[case.fault].words.format(it=f"command {case.at}")
        lines.append(f"    fault={case.fault!r}, at={case.at},  # {words}")
    if case.unconnected:
        lines.append("    unconnected=True,  # nothing was sent before")
    return "\n".join([*lines, "))"])


def _all(steps: Sequence[Struct]) -> Iterator[Struct]:
    """Steps, and what they are made of."""
    for step in steps:
        yield step
        for name in step.__struct_fields__:
            value: object = getattr(step, name)
            parts = cast("list[object]", value) if isinstance(value, list) else [value]
            yield from _all([part for part in parts if isinstance(part, Struct)])
