"""``jobkit dead``: list the dead jobs, show why they died, give them another life, or delete them."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncGenerator, Sequence

from msgspec import Struct

from jobkit.backend import Deleted, KeyTaken, Requeued, Stored
from jobkit.cli import store_options
from jobkit.cli.job_details import JobDetails, shown, text
from jobkit.cli.output import as_json, confirm, instant, jobs, line_of, table
from jobkit.cli.results import IdResult, tell
from jobkit.cli.store_options import Store, batches
from jobkit.errors import ConfigurationError
from jobkit.lifecycle import State

HEAD = ("id", "job", "queue", "died (UTC)", "attempt", "reason")


class Line(Struct, frozen=True):
    """A dead job in a list."""

    id: str
    job: str
    queue: str
    died: str
    attempt: int
    reason: str


def command(parser: argparse.ArgumentParser) -> None:
    parser.description = "Dead jobs: those that were given up, with their reasons."
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    listing = verbs.add_parser("list", help="which there are, and why")
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many (50)")
    showing = verbs.add_parser("show", help="all that is kept of some")
    showing.add_argument("ids", nargs="+", metavar="ID")
    showing.add_argument("--arguments", action="store_true", help="also what they were called with")
    requeuing = verbs.add_parser("requeue", help="let them be performed again, from their first attempt on")
    deleting = verbs.add_parser("delete", help="forget them, for good")
    for each in (requeuing, deleting):
        each.add_argument("ids", nargs="*", metavar="ID")
        each.add_argument("--all", action="store_true", help="all dead ones, or those that --queue and --job name")
        each.add_argument("--yes", "-y", action="store_true", help="do not ask")
    for each in (listing, requeuing, deleting):
        each.add_argument("--queue", metavar="NAME", help="only of this queue")
        each.add_argument("--job", metavar="NAME", help="only of this job")
    for each, main in ((listing, _list), (showing, _show), (requeuing, _requeue), (deleting, _delete)):
        store_options.declare(each)
        each.add_argument("--json", action="store_true", help="for machines")
        each.set_defaults(run=store_options.running(main))


async def _list(all: list[Store], stated: argparse.Namespace) -> int:
    lines: list[Line] = []
    more = False
    async for job in _each(all, stated.queue, stated.job):
        if len(lines) == stated.limit:
            more = True
            break
        lines.append(_line(job))
    if stated.json:
        as_json(lines)
    elif not lines:
        print("no job is dead")
    else:
        rows = [(each.id, each.job, each.queue, each.died, str(each.attempt), each.reason) for each in lines]
        print(table(HEAD, rows, left=len(HEAD)))
        if more:
            print(f"and more: --limit {2 * stated.limit}")
    return 0


def _line(job: Stored) -> Line:
    message = job.message
    return Line(
        id=line_of(message.id, 255),
        job=line_of(message.headers.get("job", "unknown")),
        queue=line_of(message.queue),
        died=instant(job.since),
        attempt=job.attempt,
        reason=line_of(job.reason or "", _room()),
    )


def _room() -> int:
    """Characters that a reason may have: what is not written to a terminal need not fit one."""
    try:
        return max(30, os.get_terminal_size().columns - 90)
    except OSError:
        return 300


async def _each(all: list[Store], queue: str | None, job: str | None) -> AsyncGenerator[Stored, None]:
    for store in all:
        for name in await store.all_queues():
            if queue in (None, name):
                async for found in _dead(store, name):
                    if job in (None, found.message.headers.get("job")):
                        yield found


async def _dead(store: Store, queue: str) -> AsyncGenerator[Stored, None]:
    cursor: str | None = None
    while True:
        page = await store.backend.peek(queue, State.DEAD, cursor)
        for job in page.jobs:
            yield job
        if (cursor := page.cursor) is None:
            return


async def _show(all: list[Store], stated: argparse.Namespace) -> int:
    app = store_options.app_of(stated)
    found: list[JobDetails] = []
    for store in all:
        got = await store.find(stated.ids)
        found += [shown(each, store.name, app, arguments=stated.arguments) for each in got.values()]
    missing = [id for id in stated.ids if id not in {each.id for each in found}]
    if stated.json:
        as_json(found)
    else:
        print("\n\n".join(map(text, found)))
    return tell([IdResult(id, "not_found") for id in missing], json=stated.json) if missing else 0


async def _requeue(all: list[Store], stated: argparse.Namespace) -> int:
    chosen = await _chosen(all, stated)
    count = sum(map(len, chosen.values()))
    if stated.all and not confirm(f"{jobs(count, 'dead')} will be performed again", yes=stated.yes):
        return 1
    told: list[IdResult] = []
    for store, ids in chosen.values_by_store():
        for some in batches(store.backend, ids):
            outcomes = await store.backend.requeue(some)
            for id, outcome in zip(some, outcomes, strict=True):
                match outcome:
                    case Requeued():
                        told.append(IdResult(id, "requeued"))
                    case KeyTaken(by=by):
                        told.append(IdResult(id, f"key_taken: a live job has its key, {by}"))
                    case _:
                        told.append(IdResult(id, "not_found"))
    return tell(_merged(told, stated.ids), json=stated.json)


async def _delete(all: list[Store], stated: argparse.Namespace) -> int:
    chosen = await _chosen(all, stated)
    count = sum(map(len, chosen.values()))
    if count and not confirm(f"{jobs(count, 'dead')} will be forgotten for good", yes=stated.yes):
        return 1
    told: list[IdResult] = []
    for store, ids in chosen.values_by_store():
        for some in batches(store.backend, ids):
            outcomes = await store.backend.delete(some)
            pairs = zip(some, outcomes, strict=True)
            told += [IdResult(id, "deleted" if isinstance(outcome, Deleted) else "not_found") for id, outcome in pairs]
    return tell(_merged(told, stated.ids), json=stated.json)


class Chosen(dict[int, list[str]]):
    """The ids of dead jobs, by the place of their store."""

    def __init__(self, all: Sequence[Store]) -> None:
        super().__init__({place: [] for place in range(len(all))})
        self._all = all

    def values_by_store(self) -> list[tuple[Store, list[str]]]:
        return [(self._all[place], ids) for place, ids in self.items()]


async def _chosen(all: list[Store], stated: argparse.Namespace) -> Chosen:
    """Which dead jobs are meant; ids of jobs that are not dead are left out, here and whatever happens meanwhile."""
    if bool(stated.ids) == stated.all:
        raise ConfigurationError("which ones? Ids, or --all (with --queue or --job: all of these)")
    if stated.ids and (stated.queue or stated.job):
        raise ConfigurationError("--queue and --job narrow --all; ids are meant as they are")
    chosen = Chosen(all)
    for place, store in enumerate(all):
        if stated.ids:
            found = await store.find(stated.ids)
            chosen[place] = [id for id, job in found.items() if job.state is State.DEAD]
        else:
            chosen[place] = [job.message.id async for job in _each([store], stated.queue, stated.job)]
    return chosen


def _merged(told: list[IdResult], ids: Sequence[str]) -> list[IdResult]:
    """What came of each, in the order of the command; what was not there is told too."""
    known = {each.id: each for each in told}
    return [known.get(id, IdResult(id, "not_found: no dead job has this id")) for id in ids] if ids else told
