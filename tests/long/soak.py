"""Many jobs, eight worker processes on a Redis server, and a fault every few seconds: then everything is counted.

    python tests/long/soak.py                                    one minute
    python tests/long/soak.py --minutes 5
    python tests/long/soak.py --minutes 30 --jobs 1000000 --plot docs/soak.svg

The faults come from the seed: workers killed, stopped for longer than their lease, asked to stop, cut off from the
server; every connection cut and every script forgotten; the server killed and started again; its memory full; the
producer killed. Lost jobs, jobs started twice under a live lease, early ones, attempts that are miscounted: all have to
be none, the store as it was before, its memory flat.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import redis  # noqa: E402
from msgspec.structs import replace  # noqa: E402

from jobkit.testing.redis.harness import Harness  # noqa: E402
from jobkit_conformance.checkers.processes import judge  # noqa: E402
from jobkit_conformance.history.event_log import Event, decode  # noqa: E402
from jobkit_conformance.processes import plan as plans  # noqa: E402
from jobkit_conformance.processes.backend_system import BackendSystem  # noqa: E402
from jobkit_conformance.processes.orchestrator import Orchestrator  # noqa: E402
from jobkit_conformance.processes.plan import Fault, Plan  # noqa: E402
from jobkit_conformance.processes.process_manager import ProcessManager  # noqa: E402
from jobkit_conformance.processes.producer import BATCH  # noqa: E402
from jobkit_conformance.processes.report import as_timeline  # noqa: E402
from jobkit_conformance.processes.run_record import Violation  # noqa: E402
from jobkit_conformance.processes.system import Declared  # noqa: E402
from jobkit_conformance.processes.task import Task  # noqa: E402
from tests.long.drawing import draw  # noqa: E402

WORKERS, SLOTS, LEASE, GRACE = 8, 8, 5.0, 2.0
"""Leases are long enough for eight workers on two processors: what leans on time is looked at only once here."""
A_MINUTE = 15_000
"""Jobs, where no number is asked for."""
TOGETHER = 50
"""Jobs in one enqueue."""
EVERY = (2.0, 5.0)
"""Seconds between two faults."""
KINDS = ("kill", "kill", "stop", "term", "term, term", "hole", "cut", "restart", "full", "producer")
SHARE = 50_000
"""Jobs that are judged at a time: a log of a million does not fit into memory at once."""
GROWTH = 1.2
"""By how much a worker's memory may be more in the second half."""
WARM = 15
"""Samples, a second each, until every worker has done everything once."""
ROOM = 2 << 20
"""Bytes by which the server may have more in use than before: its own buffers and tables."""


@dataclass
class Sample:
    """What was seen at one instant. ``used``: the server's bytes for data; ``resident``: those of all workers."""

    at: float
    used: int | None
    resident: int
    processes: int
    started: int
    ended: int


@dataclass
class Soak:
    """One run."""

    plan: Plan
    samples: list[Sample] = field(default_factory=list[Sample])
    faults: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    counted: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])
    seconds: float = 0.0


class Watched(BackendSystem):
    """Hands over more at once, and claims no order: several workers take from one queue."""

    def environment(self, address: tuple[str, int] | None) -> dict[str, str]:
        return {**super().environment(address), BATCH: str(TOGETHER)}


def main() -> int:
    options = arguments()
    soak = Soak(schedule(options.jobs or round(options.minutes * A_MINUTE), options.minutes * 60, options.seed))
    harness = Harness()
    try:
        with tempfile.TemporaryDirectory(prefix="jobkit-soak-") as folder:
            asyncio.run(play(soak, harness, Path(folder)))
            if options.log:
                shutil.copyfile(Path(folder, "log"), options.log)
    finally:
        harness.close()
    print("\n".join(told(soak)))
    if options.plot:
        options.plot.write_text(draw(soak.samples, soak.faults))
    for problem in soak.problems:
        print(problem, file=sys.stderr)
    return int(bool(soak.problems))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Many jobs, eight workers, a fault every few seconds.")
    parser.add_argument("--minutes", type=float, default=1.0, help="over which the jobs are spread (1)")
    parser.add_argument("--jobs", type=int, help=f"how many ({A_MINUTE} a minute)")
    parser.add_argument("--seed", type=int, default=1, help="of the faults (1)")
    parser.add_argument("--log", type=Path, metavar="PATH", help="keep what the processes wrote, a line an event")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="draw what happened, as SVG")
    return parser.parse_args()


def schedule(jobs: int, seconds: float, seed: int) -> Plan:
    """Which jobs, and which faults when: a fault comes when so many jobs have started."""
    chance = random.Random(seed)
    tasks = [Task(f"j{number}", chance.choice((0, 0, 0, 1, 2, 5, 20)), after=later(chance)) for number in range(jobs)]
    for number in range(0, jobs, 400):
        tasks[number] = tasks[number]._replace(milliseconds=round(plans.LONGER * LEASE * 1000), after=0)
    for number in range(200, jobs, 5_000):
        tasks[number] = tasks[number]._replace(how="kills", after=0)
    pace = seconds / (jobs / TOGETHER)
    return Plan(tasks, list(faults(chance, jobs, seconds)), WORKERS, SLOTS, LEASE, GRACE, pace)


def faults(chance: random.Random, jobs: int, seconds: float) -> Iterator[Fault]:
    """All kinds in turn, each time in another order."""
    kinds, at = list[str](), chance.uniform(*EVERY)
    while at < seconds * 0.95:
        kinds = kinds or chance.sample(KINDS, len(KINDS))
        kind = kinds.pop()
        yield Fault(kind, max(1, round(at / seconds * jobs)), lasting(kind, chance))
        at += chance.uniform(*EVERY)


def later(chance: random.Random) -> int:
    return chance.choice((500, 2_000, 5_000)) if chance.random() < 0.02 else 0


def lasting(kind: str, chance: random.Random) -> float:
    """Seconds; what is not here is over at once."""
    long = plans.LONGER * LEASE
    drawn = {"kill": (0.2, 1.0, long), "hole": (0.2, 1.0, long), "stop": (long,), "restart": (0.2, 1.0), "full": (1.0,)}
    return chance.choice(drawn.get(kind, (0.0,)))


async def play(soak: Soak, harness: Harness, folder: Path) -> None:
    """The jobs, the faults, and then what is left."""
    system = Watched(harness, "soak", LEASE)
    system.grace = GRACE
    conductor = Orchestrator(system, soak.plan, ProcessManager(system, soak.plan, folder))
    conductor.longest = 24 * 3600
    begun, url = time.monotonic(), harness.store_url().partition("?")[0]
    before = used(url)
    watching = asyncio.create_task(watch(soak, conductor, url, begun))
    await conductor.perform()
    watching.cancel()
    soak.seconds = time.monotonic() - begun
    judge_all(soak, folder / "log", replace(system.declared, order=False))
    dead = [task.id for task in soak.plan.tasks if task.how == "kills"]
    await forget(harness, system.namespace, dead)
    await at_the_end(soak, harness, system.namespace, url, before)


async def watch(soak: Soak, conductor: Orchestrator, url: str, begun: float) -> None:
    """A sample a second."""
    while True:
        pids = [place.process.pid for place in conductor.crew.places if place.process is not None]
        resident = sum(map(resident_of, pids))
        at = time.monotonic() - begun
        started, ended = conductor.progress
        soak.samples.append(Sample(at, await asyncio.to_thread(used, url), resident, len(pids), started, ended))
        await asyncio.sleep(1)


def used(url: str) -> int | None:
    """Bytes of the server's memory that are data; None while it does not answer."""
    client: Any = redis.Redis.from_url(url, socket_timeout=1)
    try:
        info = client.info("memory")
        return int(info["used_memory"]) - int(info.get("mem_clients_normal", 0)) - int(info.get("mem_aof_buffer", 0))
    except redis.RedisError:
        return None
    finally:
        client.close()


def resident_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError):
        return 0


def judge_all(soak: Soak, log: Path, declared: Declared) -> None:
    """A share of the jobs at a time, each with all that happened to workers and store."""
    shares = len(soak.plan.tasks) // SHARE + 1
    for share in range(shares):
        tasks = [task for task in soak.plan.tasks if share_of(task.id, shares) == share]
        events = sorted(of_share(log, share, shares), key=lambda event: event.at)
        soak.counted.update(event.what for event in events if event.id or not share)
        if not share:
            begun, calm = events[0].at, next(event.at for event in events if event.what == "calm")
            soak.faults = [
                (event.at - begun, event.what) for event in events if event.what in MARKS and event.at < calm
            ]
        for seen in judge(events, replace(soak.plan, tasks=tasks), declared):
            soak.problems.append(problem(seen, events))


MARKS = ("kill", "stop", "term", "hole", "cut", "away", "full", "producer killed")


def share_of(id: str, shares: int) -> int:
    return sum(id.encode()) % shares


def of_share(log: Path, share: int, shares: int) -> Iterator[Event]:
    with log.open("rb") as lines:
        for line in lines:
            event = decode(line)
            if not event.id or plans.is_call(event.id) or share_of(event.id, shares) == share:
                yield event


def problem(seen: Violation, events: Sequence[Event]) -> str:
    return f"{seen.rule}: {seen.words}\n{as_timeline(events, seen)}"


async def forget(harness: Harness, namespace: str, ids: Sequence[str]) -> None:
    """Those that are dead, as they should be, are kept until somebody deletes them."""
    backend = await harness.open(namespace, None)
    for start in range(0, len(ids), 100):
        await backend.delete(ids[start : start + 100])
    await backend.close()


async def at_the_end(soak: Soak, harness: Harness, namespace: str, url: str, before: int | None) -> None:
    """Whether the store is as it was: no keys of jobs, and no more memory, once answers for repeats are forgotten."""
    left = {key: size for key, size in (await harness.footprint(namespace)).items() if not key.endswith(KEPT)}
    soak.problems += [f"G1: keys are left in the store: {left}"] if left else []
    await harness.wipe(namespace)
    after = used(url)
    soak.problems += grown(soak.samples)
    if before is None or after is None:
        soak.problems.append("the server did not say how much memory it uses")
    elif after > before + ROOM:
        soak.problems.append(f"G1: the server used {before:,} bytes for data before, and {after:,} afterwards")


def grown(samples: Sequence[Sample]) -> Iterator[str]:
    """Whether the workers' memory grew from the first half to the second."""
    each = [sample.resident / sample.processes for sample in samples[WARM:] if sample.processes]
    if len(each) < 2:
        return
    early, late = statistics.median(each[: len(each) // 2]), statistics.median(each[len(each) // 2 :])
    if late > GROWTH * early:
        yield f"a worker used {early:,.0f} bytes in the first half, and {late:,.0f} in the second"


KEPT = (":meta", ":queues")
"""What a namespace keeps for itself."""


def told(soak: Soak) -> Iterator[str]:
    counted, jobs = soak.counted, len(soak.plan.tasks)
    faults = Counter(what for _, what in soak.faults)
    yield f"{jobs:,} jobs, {WORKERS} workers, {soak.seconds:.0f} s, {len(soak.plan.faults)} faults"
    yield f"faults: {', '.join(f'{count} {what}' for what, count in faults.most_common())}"
    yield f"{counted['up']} processes, {counted['start']:,} starts, {counted['start'] - jobs:,} of them again"
    yield f"{len(soak.problems)} problems" if soak.problems else "lost 0, twice under a lease 0, early 0, miscounted 0"


if __name__ == "__main__":
    sys.exit(main())
