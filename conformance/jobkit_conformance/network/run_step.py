"""What a step says to a backend."""

from __future__ import annotations

from typing import Any, Final

from jobkit.backend import Extension
from jobkit.lifecycle import State
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.network.case import Purge, Step, Wait
from jobkit_conformance.network.step_record import StepRecord
from jobkit_conformance.operation_records import to_settlement
from jobkit_conformance.operations import (
    Cancel,
    CellSet,
    Delete,
    Enqueue,
    Extend,
    Inspect,
    Pause,
    Requeue,
    Reserve,
    Resume,
    Settle,
)

_VERBS: Final[dict[type, str]] = {
    Enqueue: "enqueue",
    Reserve: "reserve",
    Wait: "reserve",
    Settle: "settle",
    Extend: "extend",
    Cancel: "cancel",
    Requeue: "requeue",
    Delete: "delete",
    Purge: "purge",
    Pause: "pause",
    Resume: "resume",
    CellSet: "cell_set",
    Inspect: "look",
}


def verb_of(step: Step) -> str:
    """The verb of a step; ``look`` is several."""
    return _VERBS[type(step)]


async def run_step(client: RecordingBackend, did: StepRecord) -> Any:
    """Say it, and give back what was answered."""
    match did.step:
        case Enqueue():
            return await client.enqueue(did.asked)
        case Reserve(queues=queues, limit=limit, lease=lease):
            return await client.reserve(queues, limit=limit, lease=lease)
        case Settle():
            return await client.settle([to_settlement(token, item) for token, item in did.asked])
        case Extend(lease=lease, checkpoint=checkpoint):
            written = None if checkpoint is None else checkpoint.encode()
            return await client.extend([Extension(did.asked, lease, written)])
        case Cancel(id=id) | Requeue(id=id) | Delete(id=id):
            return await getattr(client, did.verb)([id])
        case Purge(queue=queue, state=state, limit=limit):
            return await client.purge(queue, State(state), limit)
        case Pause(queue=queue) | Resume(queue=queue):
            return await getattr(client, did.verb)(queue)
        case CellSet(cell=cell, value=value):
            return await client.cell_set(cell, value.encode(), 0)
        case Inspect():
            return await _look(client, did)
        case _:
            raise TypeError(f"{did.step} is said by nobody")


async def _look(client: RecordingBackend, did: StepRecord) -> Any:
    queues, ids, cells, _ = did.asked
    counts = [await client.counts(queue) for queue in queues]
    return counts, await client.get(ids), [await client.cell_get(cell) for cell in cells]
