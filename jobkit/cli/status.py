"""``jobkit status``: how many jobs are where, at a glance."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime

from msgspec import Struct

from jobkit.cli import store_options
from jobkit.cli.output import age, as_json, number, table
from jobkit.cli.store_options import Store
from jobkit.redaction import printable

CLEAR = "\x1b[H\x1b[2J"

HEAD = ("queue", "ready", "oldest", "scheduled", "running", "dead", "")


class Line(Struct, frozen=True):
    """One queue. ``oldest_ready``: seconds for which the first job has been waiting, by this machine's clock.

    ``paused``: workers take none of its jobs until it is resumed.
    """

    store: str
    queue: str
    ready: int
    oldest_ready: float | None
    scheduled: int
    running: int
    dead: int
    paused: bool = False


def command(parser: argparse.ArgumentParser) -> None:
    parser.description = "Show how many jobs of each queue wait, run and are dead."
    store_options.declare(parser)
    parser.add_argument("--json", action="store_true", help="for machines: a list of queues")
    parser.add_argument(
        "--watch", type=float, nargs="?", const=2.0, metavar="SECONDS", help="again and again, until you end it (2)"
    )
    parser.set_defaults(run=store_options.running(_show))


async def _show(all: list[Store], stated: argparse.Namespace) -> int:
    while True:
        lines = await look(all)
        if stated.json:
            as_json(lines)
        else:
            clear = CLEAR if stated.watch is not None and sys.stdout.isatty() else ""
            print(clear + text(lines, datetime.now(UTC)), flush=True)
        if stated.watch is None:
            return 0
        await asyncio.sleep(max(0.1, stated.watch))


async def look(all: list[Store]) -> list[Line]:
    """A line a queue, of each store in its order."""
    return [await _line(store, queue) for store in all for queue in await store.all_queues()]


async def _line(store: Store, queue: str) -> Line:
    counts = await store.backend.counts(queue)
    oldest = None if counts.oldest_ready is None else max(0.0, time.time() - counts.oldest_ready / 1000)
    numbers = counts.scheduled, counts.leased, counts.dead
    return Line(store.name, queue, counts.ready, oldest, *numbers, paused=counts.paused)


def text(lines: list[Line], now: datetime) -> str:
    """A table a store, with a sum below where there is more than one queue."""
    parts: list[str] = []
    for name in dict.fromkeys(line.store for line in lines):
        mine = [line for line in lines if line.store == name]
        rows = [_row(line) for line in mine]
        if len(mine) > 1:
            rows.append(_row(_sum(mine)))
        parts.append(f"{name}, {now:%H:%M:%S} UTC\n{table(HEAD, rows)}")
    return "\n\n".join(parts) or "no queue holds any job"


def _row(line: Line) -> tuple[str, ...]:
    oldest = "-" if line.oldest_ready is None else age(line.oldest_ready)
    numbers = (number(each) for each in (line.scheduled, line.running, line.dead))
    return (printable(line.queue, 40), number(line.ready), oldest, *numbers, "paused" if line.paused else "")


def _sum(lines: list[Line]) -> Line:
    return Line(
        store="",
        queue="",
        ready=sum(line.ready for line in lines),
        oldest_ready=max((line.oldest_ready for line in lines if line.oldest_ready is not None), default=None),
        scheduled=sum(line.scheduled for line in lines),
        running=sum(line.running for line in lines),
        dead=sum(line.dead for line in lines),
    )
