"""Identity and death: how jobs end by other hands than a worker's, and what their ids and keys are good for then."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from jobkit.backend import Capabilities
from jobkit_conformance.env import MINUTE
from jobkit_conformance.generators.fragments import program_of, scene
from jobkit_conformance.operations import (
    Advance,
    Cancel,
    Delete,
    Enqueue,
    Extend,
    Inspect,
    MessageSpec,
    Requeue,
    Reserve,
    Settle,
    SettlementSpec,
    Step,
)

IDS: Final = ("a", "b", "c", "d")

JUDGES: Final = {
    "E7": ("enqueue of an id that is remembered",),
    "L3": ("grant of a requeued job if dead_letters",),
    "S5": ("look at a dead job",),
    "S6": ("grant of a requeued job",),
    "K1": ("enqueue key_taken",),
    "X1": ("cancel, cancelled",),
    "X2": ("cancel, cancel_pending", "settle, marked", "extend, cancel_requested"),
    "X3": ("cancel, not_found",),
    "I1": ("look",),
    "I3": ("delete, deleted",),
}


def programs(capabilities: Capabilities) -> SearchStrategy[list[Step]]:
    """Scenes over four ids; what is not claimed does not occur."""
    clients, ids = st.integers(0, 1), st.sampled_from(IDS)
    keys = st.sampled_from((None, "k", "l") if capabilities.keys else (None,))
    remember = st.sampled_from((None, None, 2 * MINUTE) if capabilities.remember else (None,))
    spec = st.builds(MessageSpec, id=ids, key=keys, remember=remember)
    put = st.builds(Enqueue, client=clients, messages=st.lists(spec, min_size=1, max_size=2))
    take = st.builds(Reserve, client=clients, queues=st.just(["q"]), limit=st.integers(1, 2), lease=st.just(MINUTE))
    hows = ["done", "retry", *(["dead", "dead"] if capabilities.dead_letters else [])]
    ending = st.builds(SettlementSpec, ago=st.integers(0, 1), how=st.sampled_from(hows))
    end = st.builds(Settle, client=clients, items=st.lists(ending, min_size=1, max_size=1))
    keep = st.builds(Extend, client=clients, ago=st.just(0), lease=st.just(MINUTE))
    wait = st.builds(Advance, milliseconds=st.sampled_from((MINUTE, 2 * MINUTE)))
    scenes: list[SearchStrategy[list[Step]]] = [
        scene(put),
        scene(put, take),
        scene(take, end),
        scene(put, take, end, put),
    ]
    scenes.append(scene(wait))
    if capabilities.inspect:
        delete = st.builds(Delete, client=clients, id=ids)
        scenes += [scene(st.builds(Inspect, client=clients)), scene(put, delete), scene(put, take, delete, end)]
    if capabilities.cancel:
        cancel = st.builds(Cancel, client=clients, id=ids)
        mark = st.builds(Cancel, client=clients, id=ids, latest=st.just(value=True))
        scenes += [scene(put, cancel), scene(put, take, mark, keep, end), scene(put, take, mark, wait, put)]
    if capabilities.dead_letters:
        bury = st.just(Settle(0, [SettlementSpec(0, "dead")]))
        requeue = st.builds(Requeue, client=clients, id=ids, latest=st.booleans())
        scenes += [scene(put, take, bury), scene(put, take, bury, requeue, take, end), scene(requeue)]
    return program_of(scenes)
