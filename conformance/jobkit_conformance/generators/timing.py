"""Time and order: many jobs, delays and priorities, over two queues."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from jobkit.backend import Capabilities
from jobkit_conformance.env import MINUTE
from jobkit_conformance.generators.fragments import program_of, scene
from jobkit_conformance.operations import Advance, Enqueue, Inspect, MessageSpec, Reserve, Settle, SettlementSpec, Step

JUDGES: Final = {
    "E1": ("enqueue accepted", "enqueue duplicate"),
    "E9": ("grant",),
    "L9": ("grant after a lease ran out",),
    "S3": ("grant after a retry",),
    "T1": ("grant of a delayed job",),
    "T2": ("grant of a delayed job",),
    "O1": ("grant", "grant of several priorities at once if priority"),
    "O3": ("grant of several priorities at once",),
}


def programs(capabilities: Capabilities) -> SearchStrategy[list[Step]]:
    clients = st.integers(0, 1)
    lowest, highest = capabilities.priority or (0, 0)
    priorities = st.sampled_from(sorted({lowest, 0, highest}))
    waits = (0, MINUTE, 2 * MINUTE) if capabilities.delay else (0,)
    after = st.sampled_from((None, None, MINUTE, 2 * MINUTE, 5 * MINUTE) if capabilities.delay else (None,))
    ids = st.sampled_from([f"m{number}" for number in range(8)])
    spec = st.builds(MessageSpec, id=ids, queue=st.sampled_from(("q", "q", "r")), priority=priorities, after=after)
    ending = st.builds(
        SettlementSpec,
        ago=st.integers(0, 5),
        how=st.sampled_from(("done", "retry", "retry")),
        after=st.sampled_from(waits),
    )
    put = st.builds(Enqueue, client=clients, messages=st.lists(spec, min_size=1, max_size=4))
    take = st.builds(
        Reserve,
        client=clients,
        queues=st.sampled_from((["q"], ["q", "r"], ["r", "q"])),
        limit=st.integers(1, 5),
        lease=st.sampled_from((MINUTE, 3 * MINUTE)),
    )
    end = st.builds(Settle, client=clients, items=st.lists(ending, min_size=1, max_size=3))
    wait = st.builds(Advance, milliseconds=st.sampled_from((MINUTE, 2 * MINUTE)))
    scenes: list[SearchStrategy[list[Step]]] = [
        *(scene(put), scene(put, put), scene(take), scene(take, end), scene(wait)),
        *(scene(put, wait, take), scene(put, take, end, wait), scene(put, put, take, wait, take)),
        *([scene(st.builds(Inspect, client=clients))] if capabilities.inspect else []),
    ]
    return program_of(scenes)
