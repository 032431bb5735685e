"""What a step says to a backend."""

from __future__ import annotations

from typing import Any, Final

from jobkit.backend import Extension
from jobkit.lifecycle import State
from jobkit_conformance.history.recording import Client
from jobkit_conformance.network.case import Purge, Step, Wait
from jobkit_conformance.network.step_record import Did
from jobkit_conformance.operation_records import settlement_of
from jobkit_conformance.operations import (
    Cancel,
    Delete,
    End,
    Keep,
    Look,
    Pause,
    Put,
    Requeue,
    Resume,
    Take,
    Write,
)

_VERBS: Final[dict[type, str]] = {
    Put: "enqueue",
    Take: "reserve",
    Wait: "reserve",
    End: "settle",
    Keep: "extend",
    Cancel: "cancel",
    Requeue: "requeue",
    Delete: "delete",
    Purge: "purge",
    Pause: "pause",
    Resume: "resume",
    Write: "cell_set",
    Look: "look",
}


def verb_of(step: Step) -> str:
    """The verb of a step; ``look`` is several."""
    return _VERBS[type(step)]


async def ask(client: Client, did: Did) -> Any:
    """Say it, and give back what was answered."""
    match did.step:
        case Put():
            return await client.enqueue(did.asked)
        case Take(queues=queues, limit=limit, lease=lease):
            return await client.reserve(queues, limit=limit, lease=lease)
        case End():
            return await client.settle([settlement_of(token, item) for token, item in did.asked])
        case Keep(lease=lease, checkpoint=checkpoint):
            written = None if checkpoint is None else checkpoint.encode()
            return await client.extend([Extension(did.asked, lease, written)])
        case Cancel(id=id) | Requeue(id=id) | Delete(id=id):
            return await getattr(client, did.verb)([id])
        case Purge(queue=queue, state=state, limit=limit):
            return await client.purge(queue, State(state), limit)
        case Pause(queue=queue) | Resume(queue=queue):
            return await getattr(client, did.verb)(queue)
        case Write(cell=cell, value=value):
            return await client.cell_set(cell, value.encode(), 0)
        case Look():
            return await _look(client, did)
        case _:
            raise TypeError(f"{did.step} is said by nobody")


async def _look(client: Client, did: Did) -> Any:
    queues, ids, cells, _ = did.asked
    counts = [await client.counts(queue) for queue in queues]
    return counts, await client.get(ids), [await client.cell_get(cell) for cell in cells]
