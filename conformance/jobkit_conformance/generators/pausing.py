"""Pause, checkpoints and cells: what a queue, a job and a name keep between two deliveries."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from jobkit.backend import Capabilities
from jobkit_conformance.env import MINUTE
from jobkit_conformance.generators.fragments import program_of, scene
from jobkit_conformance.operations import (
    Advance,
    CellSet,
    Delete,
    Enqueue,
    Extend,
    MessageSpec,
    Pause,
    Reserve,
    Resume,
    Settle,
    SettlementSpec,
    Step,
)

JUDGES: Final = {
    "P1": ("reserve of a paused queue", "settle while paused", "grant after a resume"),
    "P2": (
        *("grant with a checkpoint, retry", "grant with a checkpoint, release", "grant with a checkpoint, lease"),
        *("checkpoint, stale", "checkpoint, lease_expired", "grant after a checkpoint has ended"),
    ),
    "P3": ("cell set, done", "cell set, refused"),
}


def programs(capabilities: Capabilities) -> SearchStrategy[list[Step]]:
    """Scenes over two queues, three ids and two cells; what is not claimed does not occur."""
    clients, queues = st.integers(0, 1), st.sampled_from(("q", "r"))
    hows = ["done", "retry", "release", *(["dead"] if capabilities.dead_letters else [])]
    spec = st.builds(MessageSpec, id=st.sampled_from(("a", "b", "c")), queue=queues)
    ending = st.builds(SettlementSpec, ago=st.integers(0, 2), how=st.sampled_from(hows))
    put = st.builds(Enqueue, client=clients, messages=st.lists(spec, min_size=1, max_size=2))
    take = st.builds(
        Reserve,
        client=clients,
        queues=st.sampled_from((["q"], ["q", "r"], ["r", "q"])),
        limit=st.integers(1, 3),
        lease=st.just(MINUTE),
    )
    end = st.builds(Settle, client=clients, items=st.lists(ending, min_size=1, max_size=2))
    wait = st.builds(Advance, milliseconds=st.sampled_from((MINUTE, MINUTE // 2)))
    scenes: list[SearchStrategy[list[Step]]] = [scene(put), scene(put, take), scene(put, take, end), scene(wait)]
    if capabilities.pause:
        pause = st.builds(Pause, client=clients, queue=queues)
        resume = st.builds(Resume, client=clients, queue=queues)
        scenes += [scene(put, pause, take), scene(put, take, pause, end), scene(pause, put, wait, take), scene(resume)]
        scenes += [scene(put, pause, take, resume, take)]
    if capabilities.checkpoints:
        where = st.sampled_from(("", "1", "2"))
        keep = st.builds(Extend, client=clients, ago=st.integers(0, 2), lease=st.just(MINUTE), checkpoint=where)
        here = st.builds(Extend, client=clients, ago=st.just(0), lease=st.just(MINUTE), checkpoint=where)
        back = st.sampled_from(hows).map(lambda how: Settle(0, [SettlementSpec(0, how)]))
        scenes += [
            scene(put, take, here, back, take),
            scene(put, take, keep, end, put, take),
            scene(put, take, keep, wait, take),
            scene(put, take, wait, keep),
        ]
        if capabilities.inspect:
            delete = st.builds(Delete, client=clients, id=st.sampled_from(("a", "b", "c")))
            scenes += [scene(put, take, keep, delete, put, take)]
    if capabilities.cells:
        write = st.builds(
            CellSet,
            client=clients,
            cell=st.sampled_from(("c", "d")),
            value=st.sampled_from(("", "x")),
            behind=st.integers(0, 2),
        )
        scenes += [scene(write), scene(write, write, write)]
    return program_of(scenes)
