"""Measures jobkit beside what the client allows and beside its peers, in turns, and prints ratios.

    python benchmarks/run.py                 everything, about five minutes
    python benchmarks/run.py --repeat 1 --scale 0.2 --subject jobkit --subject bare

Each subject has an environment of its own in a cache folder, made on the first run. The server is a private one, and
empty before each measure.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import redis  # noqa: E402
from subjects import SUBJECTS, Subject  # noqa: E402

from jobkit.backends.redis.server import Server  # noqa: E402

COUNTS = {"blocking": 10_000, "awaited": 10_000, "concurrent": 20_000, "bulk": 50_000, "drain": 50_000}
SLOW = {"rq": 0.1, "saq": 0.4}
"""Shares of the counts, for subjects that would take minutes."""

TITLES = {
    "blocking": "enqueue, one after another, blocking",
    "awaited": "enqueue, one after another, asyncio",
    "concurrent": "enqueue, 100 at once",
    "bulk": "enqueue, 1,000 a call",
    "drain": "drain no-op jobs, one process",
}


def main() -> None:
    options = arguments()
    subjects = [subject for subject in SUBJECTS if not options.subject or subject.name in options.subject]
    pythons = {subject.name: environment(options.cache, subject) for subject in subjects}
    rates: dict[str, dict[str, list[float]]] = {title: {} for title in TITLES}
    costs: dict[str, dict[str, list[float]]] = {"server": {}, "bytes": {}}
    server = Server.start()
    try:
        for _ in range(options.repeat):
            for measure in TITLES:
                for subject in subjects:
                    take(measure, subject, pythons[subject.name], server, options.scale, rates, costs)
    finally:
        server.stop()
    print(table(subjects, rates, costs, server))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure jobkit beside its peers.")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each measure; medians are shown (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="of all counts of jobs (1)")
    parser.add_argument("--subject", action="append", help="only this one; may be repeated")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "jobkit-benchmarks"
    parser.add_argument("--cache", type=Path, default=cache, help="where the environments are")
    return parser.parse_args()


def environment(cache: Path, subject: Subject) -> Path:
    """The Python of a subject's own environment, with its packages in it."""
    folder = cache / subject.name
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        packages = [package.replace(".[", f"{HERE.parent}[") for package in subject.packages]
        editable = [
            each for package in packages for each in (["-e", package] if package.startswith("/") else [package])
        ]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *editable], check=True)
    return python


def take(
    measure: str,
    subject: Subject,
    python: Path,
    server: Server,
    scale: float,
    rates: dict[str, dict[str, list[float]]],
    costs: dict[str, dict[str, list[float]]],
) -> None:
    """One measure of one subject, on an empty server."""
    module = f"subjects.with_{subject.name}"
    known = json.loads(call(python, module))
    if measure not in known:
        return
    count = max(1000, int(COUNTS[measure] * scale * SLOW.get(subject.name, 1)) // 1000 * 1000)
    client = redis.Redis.from_url(server.url)
    client.flushall()
    if measure == "drain":
        empty = client.info("memory")["used_memory"]
        call(python, module, "fill", server.url, str(count))
        costs["bytes"].setdefault(subject.name, []).append((client.info("memory")["used_memory"] - empty) / count)
    before = _cpu(client)
    answer = json.loads(call(python, module, measure, server.url, str(count)).splitlines()[-1])
    if measure == "drain":
        costs["server"].setdefault(subject.name, []).append((_cpu(client) - before) / count * 1e6)
    rates[measure].setdefault(subject.name, []).append(count / answer["seconds"])


def call(python: Path, module: str, *words: str) -> str:
    command = [python, "-m", module, *words]
    ended = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=600, check=False)
    if ended.returncode:
        raise SystemExit(f"{module} {' '.join(words)} failed:\n{ended.stderr[-2000:]}")
    return ended.stdout


def _cpu(client: redis.Redis) -> float:
    used = client.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"])


def table(
    subjects: list[Subject],
    rates: dict[str, dict[str, list[float]]],
    costs: dict[str, dict[str, list[float]]],
    server: Server,
) -> str:
    """Markdown: a row a measure, jobs a second and in brackets the ratio to jobkit's."""
    names = [subject.name for subject in subjects]
    lines = [f"{server.program.name}; medians", "", "| |" + "|".join(names) + "|", "|---" * (len(names) + 1) + "|"]
    for measure, title in TITLES.items():
        own = statistics.median(rates[measure].get("jobkit", [0.0]))
        cells = [_cell(rates[measure].get(name), own) for name in names]
        lines.append(f"| {title}, /s | {' | '.join(cells)} |")
    for key, title in {"bytes": "Redis bytes a waiting job", "server": "Redis CPU a drained job, us"}.items():
        cells = [f"{statistics.median(costs[key][name]):,.0f}" if name in costs[key] else "" for name in names]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(runs: list[float] | None, own: float) -> str:
    if not runs:
        return ""
    rate = statistics.median(runs)
    return f"{rate:,.0f}" + (f" ({own / rate:.2f})" if own and abs(rate - own) > 1e-9 else "")


if __name__ == "__main__":
    main()
