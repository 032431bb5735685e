"""A cluster of six nodes on this machine: namespaces spread over it, and what it costs to move one.

    python benchmarks/cluster.py                     both tables
    python benchmarks/cluster.py --namespaces 120 --jobs 30000 --moved 1000 --moved 100000

The first table says how jobs spread over the masters. This machine has to run all of them, so it says nothing about how
much quicker three machines are. The second says for how long a namespace answers nothing while its slot moves.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections import Counter

from jobkit.backend import Done, Message
from jobkit.backends.redis import RedisBackend, factory
from jobkit.errors import BackendUnavailable
from jobkit.testing.redis.server import Server
from jobkit.testing.redis.topologies import ClusterDeployment, ask

BATCH = 100
BODY = os.urandom(200)


def main() -> None:
    parser = argparse.ArgumentParser(description="A cluster of six nodes, and many namespaces.")
    parser.add_argument("--namespaces", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=30_000, help="through all namespaces together")
    parser.add_argument("--moved", type=int, action="append", help="jobs in a namespace that moves; may be repeated")
    options = parser.parse_args()
    cluster = ClusterDeployment.start(node_timeout=15_000)  # as a server has it by itself
    try:
        print(f"{cluster.nodes[0].describe().rpartition(' on ')[0]}, six nodes, {options.namespaces} namespaces\n")
        asyncio.run(spread(cluster, options.namespaces, options.jobs))
        print("\n| jobs in the namespace | its slot moved in, ms | longest call, ms | calls that failed |")
        print("|---|---|---|---|")
        for jobs in options.moved or [100, 1_000, 10_000, 100_000]:
            asyncio.run(move(cluster, jobs))
    finally:
        cluster.stop()


async def spread(cluster: ClusterDeployment, namespaces: int, jobs: int) -> None:
    """Every namespace takes and performs its share, all at once."""
    names = [f"shop-{number}" for number in range(namespaces)]
    backends = [factory(cluster.url, name, None) for name in names]
    share = jobs // namespaces
    masters = cluster.nodes[: cluster.masters]
    before = {node.port: scripts_ms(node) for node in masters}
    begun = time.monotonic()
    await asyncio.gather(*(through(backend, share) for backend in backends))
    seconds = time.monotonic() - begun
    for backend in backends:
        await backend.close()
    held = Counter(cluster.owner(name).port for name in names)
    print(f"{share * namespaces:,} jobs enqueued, reserved and settled in {seconds:.1f} s, on this one machine\n")
    print("| master | namespaces | jobs | its time in scripts, ms |\n|---|---|---|---|")
    for number, node in enumerate(masters, 1):
        spent = scripts_ms(node) - before[node.port]
        print(f"| {number} | {held[node.port]} | {held[node.port] * share:,} | {spent:,.0f} |")


async def through(backend: RedisBackend, jobs: int) -> None:
    await fill(backend, jobs)
    left = jobs
    while left:
        found = await backend.reserve(["q"], limit=BATCH, lease=60_000)
        await backend.settle([Done(each.token) for each in found])
        left -= len(found)


async def fill(backend: RedisBackend, jobs: int) -> None:
    for at in range(0, jobs, BATCH):
        count = min(BATCH, jobs - at)
        await backend.enqueue([Message(os.urandom(16).hex(), "q", BODY) for _ in range(count)])


async def move(cluster: ClusterDeployment, jobs: int) -> None:
    """Somebody enqueues and settles without a pause while the slot moves."""
    name = f"moving-{jobs}"
    backend = factory(f"{cluster.url}?timeout=30000", name, None)
    await fill(backend, jobs)
    owner = cluster.owner(name)
    target = next(each for each in cluster.nodes[: cluster.masters] if each is not owner)
    longest, failed = 0.0, 0
    moving = asyncio.create_task(asyncio.to_thread(cluster.move_slot, name, target))
    rest = 20
    while not moving.done() or (rest := rest - 1):
        begun = time.monotonic()
        try:
            await backend.enqueue([Message(os.urandom(16).hex(), "q", BODY)])
        except BackendUnavailable:
            failed += 1
        longest = max(longest, time.monotonic() - begun)
    print(f"| {jobs:,} | {await moving * 1000:,.0f} | {longest * 1000:,.0f} | {failed} |")
    await backend.wipe()
    await backend.close()


def scripts_ms(node: Server) -> float:
    lines = ask(node, "INFO", "commandstats").decode().splitlines()
    scripts = [line for line in lines if line.startswith(("cmdstat_eval:", "cmdstat_evalsha:"))]
    return sum(int(line.partition("usec=")[2].partition(",")[0]) for line in scripts) / 1000


if __name__ == "__main__":
    main()
