"""Counts the instructions that a job costs the server, under callgrind: numbers that no neighbour and no clock moves.

    python benchmarks/instructions.py                   enqueue, reserve and settle, by how many go in one call
    python benchmarks/instructions.py --batch 100 --functions 20
    python benchmarks/instructions.py --program PATH    another server; one that is not stripped tells its functions

Needs valgrind (Debian: ``apt install valgrind``). What is counted is the server's process alone, as it is in user mode.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from subjects.with_bare import BODY, HEADERS

from jobkit.backend import Backend, Done, Message
from jobkit.backends.redis import factory
from jobkit.testing.redis.server import Server

VERBS = ("enqueue", "reserve", "settle")
PATIENCE = 60.0
CONTROL = shutil.which("callgrind_control") or "callgrind_control"
LINE = re.compile(r"[+\-*\d]")


class Counted(Server):
    """A server whose instructions are counted. It is twenty to fifty times as slow."""

    def command(self) -> list[str]:
        own = ("--tool=callgrind", f"--callgrind-out-file={self.folder}/counted")
        return ["valgrind", *own, "--compress-strings=no", "--compress-pos=no", *super().command(), "--hz", "1"]

    def since_last_time(self) -> Counter[str]:
        """Instructions by function."""
        already = set(self.folder.glob("counted.*"))
        subprocess.run([CONTROL, "--dump", str(self._pid)], check=True, capture_output=True)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for path in set(self.folder.glob("counted.*")) - already:
                if "\ntotals: " in (text := path.read_text()):
                    return by_function(text)
            time.sleep(0.05)
        raise SystemExit(f"callgrind said nothing for {PATIENCE:g} s")


def by_function(text: str) -> Counter[str]:
    """What each function itself spent. The line after a ``calls=`` is what a call spent elsewhere."""
    spent, function, elsewhere = Counter[str](), "", False
    for line in text.splitlines():
        if line.startswith("fn="):
            function = line[3:]
        elif line.startswith("calls="):
            elsewhere = True
        elif LINE.match(line):
            if not elsewhere:
                spent[function] += int(line.split()[-1])
            elsewhere = False
    return spent


@dataclass
class Found:
    """Of one job, by verb."""

    batch: int
    instructions: dict[str, float] = field(default_factory=dict[str, float])
    functions: Counter[str] = field(default_factory=Counter[str])


async def measure(server: Counted, jobs: int, batch: int) -> Found:
    """Once to get warm, and once that counts."""
    backend = factory(f"{server.url}?timeout=60000", f"counted-{batch}", None)
    try:
        for _ in range(2):
            server.since_last_time()
            found = Found(batch)
            async for verb, spent in play(backend, server, jobs, batch):
                found.instructions[verb] = spent.total() / jobs
                found.functions += spent
    finally:
        await backend.close()
    return found


async def play(backend: Backend, server: Counted, jobs: int, batch: int) -> AsyncIterator[tuple[str, Counter[str]]]:
    messages = [Message(f"{number:032}", "default", BODY, headers=HEADERS) for number in range(jobs)]
    for start in range(0, jobs, batch):
        await backend.enqueue(messages[start : start + batch])
    yield "enqueue", server.since_last_time()
    reserved, settled = Counter[str](), Counter[str]()
    for _ in range(0, jobs, batch):
        granted = await backend.reserve(["default"], limit=batch, lease=60_000)
        reserved += server.since_last_time()
        await backend.settle([Done(each.token) for each in granted])
        settled += server.since_last_time()
    yield "reserve", reserved
    yield "settle", settled


def table(found: Sequence[Found]) -> Iterator[str]:
    yield f"| {'instructions a job':<18} | " + " | ".join(f"{each.batch} a call" for each in found) + " |"
    yield "|---" * (len(found) + 1) + "|"
    for verb in VERBS:
        yield f"| {verb:<18} | " + " | ".join(f"{each.instructions[verb]:,.0f}" for each in found) + " |"


def functions(found: Found, most: int) -> Iterator[str]:
    yield f"\n{found.batch} a call, where they went:\n"
    for name, spent in found.functions.most_common(most):
        yield f"{spent / found.functions.total():6.1%}  {name}"


def main() -> None:
    parser = argparse.ArgumentParser(description="What a job costs the server, in instructions.")
    parser.add_argument("--batch", type=int, action="append", help="jobs a call; may be repeated (1, 10 and 100)")
    parser.add_argument("--calls", type=int, default=20, help="calls of each verb (20)")
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="the N functions that cost most, as well")
    parser.add_argument("--program", type=Path, help="the server (redis-server)")
    options = parser.parse_args()
    server = Counted.start(program=options.program)
    try:
        batches = options.batch or [1, 10, 100]
        found = [asyncio.run(measure(server, options.calls * batch, batch)) for batch in batches]
    finally:
        server.stop()
    print("\n".join(table(found)))
    for each in found:
        if options.functions:
            print("\n".join(functions(each, options.functions)))


if __name__ == "__main__":
    main()
