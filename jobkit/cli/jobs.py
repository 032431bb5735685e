"""``jobkit cancel``, ``jobkit purge`` and ``jobkit queues``: what an operator does to jobs and queues."""

from __future__ import annotations

import argparse

from msgspec import Struct

from jobkit.backend import Cancelled, CancelPending
from jobkit.cli import store_options
from jobkit.cli.output import as_json, confirm, jobs
from jobkit.cli.results import IdResult, tell
from jobkit.cli.store_options import Store, batches
from jobkit.errors import ConfigurationError
from jobkit.lifecycle import State

PURGEABLE = (State.SCHEDULED, State.READY, State.DEAD)


class Removed(Struct, frozen=True):
    store: str
    queue: str
    state: str
    removed: int


def cancel(parser: argparse.ArgumentParser) -> None:
    parser.description = "End jobs for good: those that wait at once, those that run as soon as their worker hears."
    parser.add_argument("ids", nargs="+", metavar="ID")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="for machines")
    store_options.declare(parser)
    parser.set_defaults(run=store_options.running(_cancel))


async def _cancel(all: list[Store], stated: argparse.Namespace) -> int:
    if not confirm(f"{jobs(len(stated.ids))} will end for good", yes=stated.yes):
        return 1
    outcomes = dict.fromkeys(stated.ids, "not_found: no live job has this id")
    for store in all:
        left = [id for id, outcome in outcomes.items() if outcome.startswith("not_found")]
        for some in batches(store.backend, left):
            for id, outcome in zip(some, await store.backend.cancel(some), strict=True):
                if isinstance(outcome, Cancelled):
                    outcomes[id] = "cancelled"
                elif isinstance(outcome, CancelPending):
                    outcomes[id] = "cancel_pending: it runs, and its worker is told"
    return tell([IdResult(id, outcome) for id, outcome in outcomes.items()], json=stated.json)


def purge(parser: argparse.ArgumentParser) -> None:
    parser.description = "Remove all jobs of a queue that are in one state, for good. What runs goes on."
    parser.add_argument("queue", metavar="QUEUE")
    parser.add_argument("--state", required=True, choices=[str(each) for each in PURGEABLE], help="which of its jobs")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="for machines")
    store_options.declare(parser)
    parser.set_defaults(run=store_options.running(_purge))


async def _purge(all: list[Store], stated: argparse.Namespace) -> int:
    holding = await holders(all, stated.queue)
    state = State(stated.state)
    counts = [getattr(await store.backend.counts(stated.queue), state) for store in holding]
    where = ", ".join(store.name for store in holding)
    asked = f"{jobs(sum(counts), state)} of {stated.queue!r} in {where} will be gone for good"
    if not confirm(asked, yes=stated.yes):
        return 1
    removed = [Removed(store.name, stated.queue, state, await _remove(store, stated.queue, state)) for store in holding]
    if stated.json:
        as_json(removed)
    else:
        for each in removed:
            print(f"{jobs(each.removed, each.state)} of {each.queue} removed from {each.store}")
    return 0


async def _remove(store: Store, queue: str, state: State) -> int:
    """As many as one step of the store takes, until there are none."""
    most, removed = store.backend.capabilities.slice, 0
    while True:
        count = await store.backend.purge(queue, state, most)
        removed += count
        if count < most:
            return removed


async def holders(all: list[Store], queue: str) -> list[Store]:
    """The stores that know a queue; one that nobody knows is perhaps misspelt."""
    known = {store: await store.all_queues() for store in all}
    found = [store for store, names in known.items() if queue in names]
    if not found:
        names = sorted({name for names in known.values() for name in names})
        raise ConfigurationError(
            f"no queue {queue!r} there; there are {', '.join(names)}" if names else f"no queue {queue!r} there, nor any"
        )
    return found


def queues(parser: argparse.ArgumentParser) -> None:
    parser.description = "Let queues rest: what is paused is granted to no worker, and what runs goes on."
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, summary in (("pause", "grant nothing from it until it is resumed"), ("resume", "grant from it again")):
        each = verbs.add_parser(verb, help=summary)
        each.add_argument("queues", nargs="+", metavar="QUEUE")
        each.add_argument("--json", action="store_true", help="for machines")
        store_options.declare(each)
        each.set_defaults(run=store_options.running(_pause))


async def _pause(all: list[Store], stated: argparse.Namespace) -> int:
    holding = {queue: await holders(all, queue) for queue in stated.queues}
    told: list[IdResult] = []
    for queue, some in holding.items():
        for store in some:
            await (store.backend.pause(queue) if stated.verb == "pause" else store.backend.resume(queue))
        told.append(IdResult(queue, "paused" if stated.verb == "pause" else "resumed"))
    return tell(told, json=stated.json)
