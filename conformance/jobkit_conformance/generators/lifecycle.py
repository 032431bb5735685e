"""Lifecycle and fencing: few jobs, many deliveries of each, tokens of every age."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from jobkit.backend import Capabilities
from jobkit_conformance.env import MINUTE
from jobkit_conformance.generators.fragments import program_of, scene
from jobkit_conformance.operations import (
    Advance,
    CrashLoop,
    Enqueue,
    Extend,
    Inspect,
    MessageSpec,
    Reserve,
    Settle,
    SettlementSpec,
    Step,
)

IDS: Final = ("a", "b", "c")
LEASES: Final = (MINUTE, 2 * MINUTE)

JUDGES: Final = {
    "B1": ("grant",),
    "B2": ("grant",),
    "E3": ("enqueue duplicate",),
    "E6": ("enqueue of an id that was used",),
    "E8": ("grant",),
    "R1": ("grant",),
    "R2": ("grant",),
    "L1": ("grant after a lease ran out",),
    "L2": ("grant after a lease ran out", "grant after a release", "grant after a retry"),
    "L3": ("grant after a lease ran out",),
    "L4": ("grant",),
    "L5": ("settle, superseded", "extend, stale"),
    "L6": ("settle, late",),
    "L7": ("extend, lease_expired",),
    "L8": ("extend, extended",),
    "L10": ("extend, extended",),
    "S1": ("settle as done, live",),
    "S2": ("settle as retry, live",),
    "S4": ("grant after a release",),
    "S8": ("settle, stale",),
    "I1": ("look",),
}


def programs(capabilities: Capabilities) -> SearchStrategy[list[Step]]:
    """Scenes over three ids, by two clients."""
    clients = st.integers(0, 1)
    lease = st.sampled_from(LEASES)
    hows = ["done", "retry", "release", *(["dead"] if capabilities.dead_letters else [])]
    spec = st.builds(MessageSpec, id=st.sampled_from(IDS), body=st.sampled_from(("", "x")))
    ending = st.builds(SettlementSpec, ago=st.integers(0, 3), how=st.sampled_from(hows))
    put = st.builds(Enqueue, client=clients, messages=st.lists(spec, min_size=1, max_size=2))
    take = st.builds(Reserve, client=clients, queues=st.just(["q"]), limit=st.integers(1, 3), lease=lease)
    end = st.builds(Settle, client=clients, items=st.lists(ending, min_size=1, max_size=2))
    keep = st.builds(Extend, client=clients, ago=st.integers(0, 2), lease=lease)
    wait = st.builds(Advance, milliseconds=st.sampled_from((MINUTE, MINUTE // 2, 2 * MINUTE)))
    crash = st.builds(CrashLoop, times=st.integers(1, 3), lease=st.just(MINUTE))
    back = st.builds(
        Settle, client=clients, items=st.builds(SettlementSpec, ago=st.just(0), how=st.sampled_from(hows)).map(_one)
    )
    return program_of(
        [
            *(scene(put), scene(put, take), scene(put, take, end), scene(put, take, wait, end)),
            *(scene(put, take, back, take, end), scene(put, take, wait, take, end), scene(put, take, keep, wait, keep)),
            *(scene(put, take, back, keep), scene(put, crash), scene(put, take, crash, keep, end), scene(wait)),
            *([scene(st.builds(Inspect, client=clients))] if capabilities.inspect else []),
        ]
    )


def _one(ending: SettlementSpec) -> list[SettlementSpec]:
    return [ending]
