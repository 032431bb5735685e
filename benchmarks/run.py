"""Measures jobkit beside what the client allows and beside its peers, in turns, and prints ratios.

    python benchmarks/run.py                            everything: about half an hour on two cores
    python benchmarks/run.py peers                      one part; parts are peers, growth, workers, imports
    python benchmarks/run.py peers --repeat 1 --scale 0.2 --subject jobkit --subject bare

Each subject has an environment of its own in a cache folder, made on the first run. The server is a private one, and
empty before each measure. What was found is written into a folder as JSON and, where matplotlib is, as plots.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import growth  # noqa: E402
import workers  # noqa: E402
from peers import Peers  # noqa: E402
from running import Runner, environment  # noqa: E402
from subjects import SUBJECTS  # noqa: E402

from jobkit.testing.redis.server import Server  # noqa: E402

PARTS = ("peers", "growth", "workers", "imports")


def main() -> None:
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    for part in options.part or PARTS:
        found = globals()[f"measure_{part}"](options)
        options.out.joinpath(f"{part}.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    subprocess.run([sys.executable, HERE / "plots.py", options.out], check=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure jobkit beside its peers.")
    parser.add_argument("part", nargs="*", choices=(*PARTS, []), help="only these (all)")
    parser.add_argument("--repeat", type=int, default=3, help="rounds of the peers; medians are shown (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="of all counts of jobs (1)")
    parser.add_argument("--subject", action="append", help="only this peer; may be repeated")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "jobkit-benchmarks"
    parser.add_argument("--cache", type=Path, default=cache, help="where the environments are")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="where results go (benchmarks/results)")
    return parser.parse_args()


def measure_peers(options: argparse.Namespace) -> Any:
    subjects = [subject for subject in SUBJECTS if not options.subject or subject.name in options.subject]
    pythons = [environment(options.cache, subject) for subject in subjects]
    server = Server.start()
    try:
        runners = [Runner(subject, python, server) for subject, python in zip(subjects, pythons, strict=True)]
        peers = Peers(runners, options.scale)
        for _ in range(options.repeat):
            peers.round()
    finally:
        server.stop()
    print(f"\n{server.describe()}; medians of {options.repeat}\n\n{peers.table(subjects)}\n", flush=True)
    return peers.found


def measure_growth(options: argparse.Namespace) -> Any:
    most = max(10_000, int(10_000_000 * options.scale))
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000, 10_000_000) if size <= most]
    found: dict[str, Any] = {}
    for title, measure in {
        "jobs waiting": lambda: growth.by_size(sizes),
        "jobs delayed": lambda: growth.by_size(sizes, after=86_400_000),
        "queues of 100 jobs": lambda: growth.by_queues([10, 100, 1_000, 10_000]),
        "idle workers": lambda: growth.by_workers([1, 10, 100, 1_000]),
    }.items():
        found[title] = asyncio.run(measure())
        print(f"\n{growth.table(title, found[title])}\n", flush=True)
    return found


def measure_workers(options: argparse.Namespace) -> Any:
    server = Server.start()
    many = max(20_000, int(1_000_000 * options.scale))
    few = max(20_000, int(200_000 * options.scale))
    try:
        found = {
            processes: sorted((workers.drained(server, few, processes) for _ in range(3)), key=lambda run: run.seconds)
            for processes in (1, 2)
        }
        memory = workers.drained(server, many, 1, watch=True).memory
        beyond = {backlog: workers.recovered(server, backlog) for backlog in (0, few)}
    finally:
        server.stop()
    medians = {processes: runs[1] for processes, runs in found.items()}
    rates = {processes: few / run.seconds for processes, run in medians.items()}
    tenth = max(1, len(memory) // 10)
    early, late = (statistics.median(part) / 1024 for part in (memory[tenth : 2 * tenth + 1], memory[-tenth:]))
    print(f"\ntwo worker processes drain {rates[2] / rates[1]:.2f} times what one does ({rates[1]:,.0f}/s)")
    for processes, run in medians.items():
        print(f"{processes}: workers keep {run.workers:.2f} cores busy, the server {run.server:.2f}")
    print(f"memory of a worker over {many:,} jobs: {early:.1f} MiB after a tenth, {late:.1f} MiB at the end")
    for backlog, seconds in beyond.items():
        print(f"after SIGKILL, {backlog:,} jobs waiting: its last job runs {seconds:.2f} s after the leases' end")
    cores = {processes: {"workers": run.workers, "server": run.server} for processes, run in medians.items()}
    return {"rates": rates, "cores": cores, "memory_kib": memory, "recovery_seconds": beyond}


def measure_imports(options: argparse.Namespace) -> Any:
    """Milliseconds beyond bare Python, byte code in place: medians of nine, in turns."""
    programs = {"bare": "pass", "msgspec": "import msgspec", "jobkit": "import jobkit"}
    times: dict[str, list[float]] = {name: [] for name in programs}
    clock = "import resource, sys; {}; print(resource.getrusage(resource.RUSAGE_SELF).ru_utime * 1000)"
    for _ in range(10):
        for name, program in programs.items():
            said = subprocess.run(
                [sys.executable, "-c", clock.format(program)], capture_output=True, text=True, check=True
            )
            times[name].append(float(said.stdout))
    found = {name: statistics.median(values[1:]) for name, values in times.items()}
    beyond = {name: value - found["bare"] for name, value in found.items()}
    print(
        f"\nimport jobkit: {beyond['jobkit']:.0f} ms beyond bare Python, of which msgspec {beyond['msgspec']:.0f} ms\n"
    )
    return found


if __name__ == "__main__":
    main()
