"""From what a job costs to what a day of jobs needs: the arithmetic of docs/scale.md, with the measured numbers put in.

    python benchmarks/scale.py                          the sheet of docs/scale.md, from benchmarks/costs.json
    python benchmarks/scale.py --jobs 5e7 --workers 40  another day
    python benchmarks/costs.py --json > costs.json && python benchmarks/scale.py --costs costs.json

Everything here is multiplication. Each line says what it is made of; names in capitals are inputs.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

MEASURED = Path(__file__).with_name("costs.json")
DAY = 86_400


@dataclass(frozen=True)
class Day:
    """What is asked for. Defaults: 1,000 workers and a billion jobs a day."""

    jobs: float = 1e9
    workers: int = 1_000
    peak: float = 3.0
    """The busiest minutes, over the average."""
    seconds: float = 1.0
    """That a job takes."""
    enqueued: int = 1
    """Jobs a call, when they are enqueued: 1, 10 or 100, for which costs were measured."""
    taken: int = 10
    """Jobs a call, when they are reserved and settled: what a worker has ready at once."""
    lease: float = 30.0
    outage: float = 600.0
    """Seconds for which workers may be away while jobs come in at the peak's rate."""
    replicas: int = 1
    producers: int = 500
    """Processes that enqueue, with a connection each."""


@dataclass(frozen=True)
class Node:
    """What one server has."""

    busy: float = 0.6
    """Of one core, since scripts run on one: beyond this, waiting grows quickly."""
    memory: float = 16e9
    network: float = 1.25e8
    """Bytes a second in one direction: one gigabit."""
    connections: int = 10_000
    disk: float = 1e8
    """Bytes a second that can be appended, and kept up with."""


@dataclass(frozen=True)
class Line:
    """One number: what it is, what it is made of, and what part of one node's limit it takes."""

    what: str
    formula: str
    value: float
    unit: str
    limit: float | None = None


def lines(day: Day, node: Node, costs: dict[int, dict[str, float]]) -> list[Line]:
    enqueued, taken = costs[day.enqueued], costs[day.taken]
    average = day.jobs / DAY
    peak = average * day.peak
    extends = max(0.0, day.seconds / (day.lease / 3) - 1)
    work = enqueued["enqueue_us"] + taken["reserve_us"] + taken["settle_us"] + extends * taken["extend_us"]
    cores = peak * work / 1e6
    looks = day.workers / 2 * costs[1]["empty_us"] / 1e6
    calls = peak * (1 / day.enqueued + 2 / day.taken)
    running = peak * day.seconds
    backlog = peak * day.outage
    memory = backlog * taken["waiting_bytes"] + running * taken["leased_bytes"]
    received = (enqueued["received_bytes"] + taken["received_bytes"]) / 2  # each holds all three verbs in its own batch
    connections = 2 * day.workers + day.producers
    written = peak * taken["written_bytes"]
    return [
        Line("jobs, on average", "JOBS / 86,400 s", average, "/s"),
        Line("jobs, at the peak", "average x PEAK", peak, "/s"),
        Line("server time a job", "enqueue_us + reserve_us + settle_us + extends x extend_us", work, "us"),
        Line("cores busy", "peak x server time", cores, "cores", node.busy),
        Line("cores that idle workers cost", "WORKERS / 2 s x empty_us", looks, "cores", node.busy),
        Line("calls", "peak x (1 / ENQUEUED + 2 / TAKEN)", calls, "/s"),
        Line("jobs that run at once", "peak x SECONDS", running, ""),
        Line("jobs that wait after an outage", "peak x OUTAGE", backlog, ""),
        Line("memory", "waiting x waiting_bytes + running x leased_bytes", memory, "bytes", node.memory),
        Line("into the network", "peak x received_bytes", peak * received, "bytes/s", node.network),
        Line("out of it", "peak x sent_bytes", peak * taken["sent_bytes"], "bytes/s", node.network),
        Line("to replicas", "peak x written_bytes x REPLICAS", written * day.replicas, "bytes/s", node.network),
        Line("to the append-only file", "peak x written_bytes", written, "bytes/s", node.disk),
        Line("connections", "2 x WORKERS + PRODUCERS", connections, "", node.connections),
    ]


def nodes_needed(found: Sequence[Line]) -> int:
    """So many masters, if namespaces spread evenly. A worker is connected to the nodes that have its namespaces."""
    return max(math.ceil(line.value / line.limit) for line in found if line.limit and line.what != "connections")


def most_of_a_namespace(day: Day, node: Node, costs: dict[int, dict[str, float]]) -> float:
    """Jobs a second of one namespace: one slot, so one core."""
    work = next(line.value for line in lines(day, node, costs) if line.what == "server time a job")
    return node.busy * 1e6 / work


def crowded(namespaces: int, masters: int) -> float:
    """About how many times its share the fullest of some masters has, if hash tags land where they like."""
    share = namespaces / masters
    return 1 + math.sqrt(2 * math.log(max(masters, 2)) / share)


def sheet(day: Day, node: Node, costs: dict[int, dict[str, float]]) -> str:
    found = lines(day, node, costs)
    rows = ["| | from | | of one node's limit |", "|---|---|---|---|"]
    for line in found:
        part = f"{line.value / line.limit:,.0%}" if line.limit else ""
        rows.append(f"| {line.what} | {line.formula} | {shown(line.value)} {line.unit} | {part} |")
    ranked = sorted((line for line in found if line.limit), key=lambda line: -line.value / (line.limit or 1))
    first = ", then ".join(f"{line.what} ({line.value / (line.limit or 1):.1f} nodes)" for line in ranked[:3])
    masters, most = nodes_needed(found), most_of_a_namespace(day, node, costs)
    peak = found[1].value
    spread = ", ".join(f"{crowded(times * masters, masters):.1f} with {times * masters}" for times in (4, 20, 100))
    return "\n".join(
        [
            *rows,
            "",
            f"- **Breaks first**: {first}.",
            f"- **Masters**: {masters}, if namespaces spread evenly.",
            f"- **One namespace** carries {shown(most)} jobs a second, so it takes {math.ceil(peak / most)} or more.",
            f"- **Hot slots**: the fullest master has about this many times its share: {spread} namespaces.",
        ]
    )


def shown(value: float) -> str:
    """Three figures."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (size if letter != 'k' else 1e3):,.3g} {letter}"
    return f"{value:,.3g}" if value < 1_000 else f"{value:,.0f}"


def read(path: Path) -> dict[int, dict[str, float]]:
    return {int(row["batch"]): row for row in json.loads(path.read_text())}


def main() -> None:
    parser = argparse.ArgumentParser(description="What a day of jobs needs.")
    parser.add_argument("--costs", type=Path, default=MEASURED, help="what benchmarks/costs.py --json printed")
    for each in (*fields(Day), *fields(Node)):
        kind = type(each.default)
        parser.add_argument(f"--{each.name}", type=kind, default=each.default, help=f"{each.default:,}")
    options = parser.parse_args()
    day = Day(**{each.name: getattr(options, each.name) for each in fields(Day)})
    node = Node(**{each.name: getattr(options, each.name) for each in fields(Node)})
    print(sheet(day, node, read(options.costs)))


if __name__ == "__main__":
    main()
