"""Measures what the pytest plugin costs, beside the test modes of other systems, in turns, and prints ratios.

    python benchmarks/testing.py                  everything, about three minutes
    python benchmarks/testing.py --repeat 1 --mode jobkit

Each mode has an environment of its own in a cache folder, made on the first run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from modes import MODES, Mode  # noqa: E402

COUNTS = {"none": 2000, "one": 300, "many": 1000}

WITHOUT = ("-p", "no:jobkit")


def main() -> None:
    options = arguments()
    modes = [mode for mode in MODES if not options.mode or mode.name in options.mode]
    pythons = {mode.name: environment(options.cache, mode) for mode in modes}
    times = Times(options.scale)
    for _ in range(options.repeat):
        for mode in modes:
            for measure in COUNTS:
                times.take(pythons[mode.name], mode, measure)
        if "jobkit" in pythons:
            times.take_load(pythons["jobkit"])
            times.take_extra(pythons["jobkit"], modes[0])
    print(table(modes, times))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the pytest plugin beside other systems' test modes.")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each measure; medians are shown (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="of all counts of tests and jobs (1)")
    parser.add_argument("--mode", action="append", help="only this one; may be repeated")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "jobkit-benchmarks"
    parser.add_argument("--cache", type=Path, default=cache, help="where the environments are")
    return parser.parse_args()


def environment(cache: Path, mode: Mode) -> Path:
    """The Python of a mode's own environment, with its packages in it."""
    folder = cache / f"mode-{mode.name}"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        packages = [package.replace(".[", f"{HERE.parent}[") for package in mode.packages]
        editable = [
            each for package in packages for each in (["-e", package] if package.startswith("/") else [package])
        ]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *editable], check=True)
    return python


class Times:
    """What was measured, in seconds a test or a job."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.wall: dict[tuple[str, str], list[float]] = {}
        self.processor: dict[tuple[str, str], list[float]] = {}
        self.loads: dict[bool, list[float]] = {True: [], False: []}
        """Of a run with the plugin, and of one without."""
        self.extras: list[float] = []
        """What the plugin adds to a test that touches no job."""

    def take(self, python: Path, mode: Mode, measure: str) -> None:
        found = measured(python, mode, measure, self.scale)
        self.wall.setdefault((mode.name, measure), []).append(found["wall"])
        self.processor.setdefault((mode.name, measure), []).append(found["processor"])

    def take_load(self, python: Path) -> None:
        for _ in range(3):  # a small difference of large numbers: in turns, and often
            self.loads[True].append(load(python))
            self.loads[False].append(load(python, *WITHOUT))

    def take_extra(self, python: Path, mode: Mode) -> None:
        self.extras.append(measured(python, mode, "none", self.scale * 4, timing="turns")["extra"])


def measured(python: Path, mode: Mode, measure: str, scale: float, timing: str = "timing") -> dict[str, float]:
    """Seconds of one measure, a test or a job: on the wall, and of the processor; what ``modes/<timing>.py`` says."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as found:
        command = [
            *(python, "-m", "pytest", "-q", "-c", "pytest.ini", "-p", timing, "-p", "no:cacheprovider"),
            *("-W", "ignore", f"with_{mode.name}.py", "-k", f"test_{measure}"),
        ]
        count = max(1, round(COUNTS[measure] * scale))
        around = {**surroundings(), "COUNT": str(count), "TIMING": found.name, "PYTHONPATH": "."}
        ran = subprocess.run(command, check=False, cwd=HERE / "modes", env=around, capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(f"{mode.name}, {measure}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        seconds = json.loads(found.read())
    return seconds if timing == "turns" else {kind: each / count for kind, each in seconds.items()}


def surroundings() -> dict[str, str]:
    """This one's, with byte code kept, as on the machine of whoever runs tests every day."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def load(python: Path, *more: str) -> float:
    """Seconds of processor time of a run of no test at all."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as empty:
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more]
        subprocess.run(command, check=False, cwd=empty, capture_output=True, env=surroundings())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def table(modes: list[Mode], times: Times) -> str:
    """In microseconds; what a test with a job costs is beyond what an empty test of the same environment does."""

    def cost(found: dict[tuple[str, str], list[float]], measure: str) -> dict[str, float]:
        return {mode.name: statistics.median(found[mode.name, measure]) * 1e6 for mode in modes}

    def beyond(found: dict[tuple[str, str], list[float]]) -> dict[str, float]:
        empty = cost(found, "none")
        return {name: value - empty[name] for name, value in cost(found, "one").items()}

    rows = [
        ["", *(mode.name for mode in modes)],
        ["an empty test", *_cells(cost(times.processor, "none"))],
        ["a test with one job, beyond that", *_cells(beyond(times.processor))],
        ["the same, with what it waits for", *_cells(beyond(times.wall))],
        ["an enqueue", *_cells(cost(times.processor, "many"))],
    ]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    if times.extras:
        extra, loaded = statistics.median(times.extras), min(times.loads[True]) - min(times.loads[False])
        lines.append(f"\nA test that touches no job: {extra * 1e6:.1f} us more with the plugin.")
        lines.append(f"Loading the plugin: {loaded * 1e3:.1f} ms a run.")
    return "\n".join(lines)


def _cells(values: dict[str, float]) -> list[str]:
    """Microseconds; in brackets jobkit's over this one's."""
    own = values.get("jobkit")
    return [f"{value:,.0f}" + (f" ({own / value:.2f})" if own and own != value else "") for value in values.values()]


if __name__ == "__main__":
    main()
