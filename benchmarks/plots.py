"""Draws what was measured: python benchmarks/plots.py FOLDER, with the results in it; needs matplotlib."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

try:
    import matplotlib as mpl
except ImportError:
    print("no matplotlib here, so nothing is drawn: pip install matplotlib")
    sys.exit(0)

mpl.use("svg")
import matplotlib.pyplot as plt
from growth import ratio

mpl.rcParams.update({"svg.hashsalt": "jobkit", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})

SHOWN = {
    "blocking": "enqueue,\nblocking",
    "awaited": "enqueue,\nasyncio",
    "concurrent": "enqueue,\n100 at once",
    "bulk": "enqueue,\nin bulk",
    "drain": "drain\nno-op jobs",
    "plain": "plain\nfunctions",
    "pace": "10 ms jobs,\n100 at a time",
}


def main(folder: Path) -> None:
    for name, draw in {"peers": peers, "growth": growth, "workers": memory}.items():
        source = folder / f"{name}.json"
        if source.exists():
            figure = draw(json.loads(source.read_text()))
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
            plt.close(figure)


def peers(found: dict[str, dict[str, list[float]]]) -> Any:
    """Each measure as a share of the quickest: a bar a subject."""
    measures = [name for name in SHOWN if name in found]
    subjects = list(dict.fromkeys(name for measure in measures for name in found[measure]))
    figure, axes = plt.subplots(figsize=(9, 3.2))
    width = 0.8 / len(subjects)
    for place, subject in enumerate(subjects):
        rates = [statistics.median(found[measure].get(subject, [0])) for measure in measures]
        best = [max(statistics.median(values) for values in found[measure].values()) for measure in measures]
        positions = [index + place * width for index in range(len(measures))]
        bars = axes.bar(positions, [rate / top for rate, top in zip(rates, best, strict=True)], width, label=subject)
        axes.bar_label(
            bars, [f"{rate / 1000:.1f}k" if rate else "" for rate in rates], fontsize=6, rotation=90, padding=2
        )
    axes.set_xticks([index + 0.4 - width / 2 for index in range(len(measures))], [SHOWN[each] for each in measures])
    axes.set_ylabel("rate, of the quickest")
    axes.set_ylim(0, 1.25)
    axes.legend(frameon=False, ncols=len(subjects), loc="upper center", bbox_to_anchor=(0.5, 1.15))
    return figure


def growth(found: dict[str, dict[str, dict[str, dict[str, float]]]]) -> Any:
    """The server's time a job, by what is stored, over that with little of it, measured beside it."""
    figure, axes = plt.subplots(figsize=(9, 3.2))
    for title, by_size in found.items():
        sizes = [int(size) for size in by_size]
        axes.plot(sizes, [ratio(costs) for costs in by_size.values()], marker="o", label=title)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("how many")
    axes.set_ylabel("server time a job, of that with few")
    axes.legend(frameon=False)
    return figure


def memory(found: dict[str, Any]) -> Any:
    """Of one worker, over all its jobs."""
    figure, axes = plt.subplots(figsize=(9, 2.6))
    kib = found["memory_kib"]
    axes.plot([index / max(1, len(kib) - 1) * 100 for index in range(len(kib))], [value / 1024 for value in kib])
    axes.set_ylim(0, 1.25 * max(kib) / 1024)
    axes.set_xlabel("jobs performed, %")
    axes.set_ylabel("resident memory, MiB")
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]))
