"""jobkit beside its peers and beside what the client allows: rates, latencies, and what the server pays."""

from __future__ import annotations

import json
import statistics
import time
from collections import defaultdict

from running import Meter, Runner
from subjects import Subject

COUNTS = {
    "blocking": 10_000,
    "awaited": 10_000,
    "concurrent": 20_000,
    "bulk": 50_000,
    "drain": 50_000,
    "plain": 50_000,
    "pace": 20_000,
}
SLOW = {"rq": 0.1, "saq": 0.4}
"""Shares of the counts, for subjects that would take minutes."""

FILLED = {"drain": "fill", "plain": "fill_plain", "pace": "fill_pace"}
"""What has to be there before."""

WAKES, IDLE = 300, 5.0
"""Jobs sent to an idle worker, one each 20 ms; seconds that a worker is watched while it is idle."""

RATES = {
    "blocking": "enqueue, one after another, blocking, /s",
    "awaited": "enqueue, one after another, asyncio, /s",
    "concurrent": "enqueue, 100 at once, /s",
    "bulk": "enqueue, 1,000 a call, /s",
    "drain": "drain no-op jobs, one process, /s",
    "plain": "the same, as plain functions, /s",
    "pace": "jobs of 10 ms, 100 at a time (ideal 10,000), /s",
}
COSTS = {
    "bytes": "Redis bytes a waiting job",
    "server": "Redis CPU a drained job, us",
    "server_both": "Redis CPU a job, enqueued in bulk and drained, us",
    "p50": "an idle worker wakes, p50, ms",
    "p99": "an idle worker wakes, p99, ms",
    "idle": "commands/s of an idle worker",
}


class Peers:
    """Measures in turns; every number is a median over the rounds."""

    def __init__(self, runners: list[Runner], scale: float) -> None:
        self._runners = runners
        self._scale = scale
        self.found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        """By measure and subject."""

    def round(self) -> None:
        for measure in RATES:
            for runner in self._runners:
                if measure in runner.known:
                    self._rate(measure, runner)
        for runner in self._runners:
            if "wake" in runner.known:
                self._wake(runner)

    def _note(self, measure: str, runner: Runner, value: float) -> None:
        self.found[measure][runner.subject.name].append(value)

    def _rate(self, measure: str, runner: Runner) -> None:
        count = max(1000, int(COUNTS[measure] * self._scale * SLOW.get(runner.subject.name, 1)) // 1000 * 1000)
        meter = Meter(runner.server)
        meter.empty()
        empty, begun = meter.memory(), meter.cpu()
        if measure in FILLED:
            runner.run(FILLED[measure], count)
        filled, between = meter.memory(), meter.cpu()
        self._note(measure, runner, count / runner.measure(measure, count)["seconds"])
        if measure == "drain":
            ended = meter.cpu()
            self._note("bytes", runner, (filled - empty) / count)
            self._note("server", runner, (ended - between) / count * 1e6)
            self._note("server_both", runner, (ended - begun) / count * 1e6)

    def _wake(self, runner: Runner) -> None:
        meter = Meter(runner.server)
        meter.empty()
        worker = runner.begin("wake", WAKES)
        try:
            time.sleep(1)  # until its first waits have begun
            self._note("idle", runner, meter.sent(IDLE) / IDLE)
            runner.run("send", WAKES)
            said = json.loads(worker.communicate(timeout=60)[0].splitlines()[-1])
        finally:
            worker.kill()
        self._note("p50", runner, said["p50"] * 1000)
        self._note("p99", runner, said["p99"] * 1000)

    def table(self, subjects: list[Subject]) -> str:
        """Markdown: a row a measure, in brackets jobkit's rate over this one's."""
        names = [subject.name for subject in subjects]
        lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
        for measure, title in RATES.items():
            own = self._median(measure, "jobkit")
            cells = [self._rate_cell(self._median(measure, name), own, own_column=name == "jobkit") for name in names]
            lines.append(f"| {title} | {' | '.join(cells)} |")
        for measure, title in COSTS.items():
            values = [self._median(measure, name) for name in names]
            places = 2 if measure in ("p50", "p99", "idle") else 0
            cells = ["" if value is None else f"{value:,.{places}f}" for value in values]
            lines.append(f"| {title} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _median(self, measure: str, name: str) -> float | None:
        values = self.found.get(measure, {}).get(name)
        return statistics.median(values) if values else None

    @staticmethod
    def _rate_cell(rate: float | None, own: float | None, *, own_column: bool) -> str:
        if rate is None:
            return ""
        return f"{rate:,.0f}" + (f" ({own / rate:.2f})" if own and not own_column else "")
