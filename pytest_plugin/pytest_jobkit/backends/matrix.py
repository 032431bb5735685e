"""The matrix: how the tests that touch jobs fared on each backend, and what skipped ones lacked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

BACKEND, LACKED = "jobkit_backend", "jobkit_lacked"
"""Attributes of a report: they travel with it from a worker to the process that prints."""


class Matrix:
    """Counts reports, also those that come from the workers of pytest-xdist."""

    def __init__(self, backends: Sequence[str]) -> None:
        self._backends = list(backends)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lacked: dict[str, list[tuple[str, str]]] = {}

    @staticmethod
    def mark(report: pytest.TestReport, backend: str, lacked: str | None) -> None:
        setattr(report, BACKEND, backend)
        if lacked is not None and report.skipped:
            setattr(report, LACKED, lacked)

    def count(self, report: pytest.TestReport) -> None:
        backend: str | None = getattr(report, BACKEND, None)
        if backend is None or (report.when != "call" and report.passed):
            return
        self._counts[backend, report.outcome] += 1
        if lacked := getattr(report, LACKED, None):
            self._lacked.setdefault(backend, []).append((lacked, report.nodeid))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A table, if there is more than one backend, or something was skipped for lack of a capability."""
        if len(self._backends) == 1 and not self._lacked:
            return
        terminalreporter.write_sep("=", "jobkit")
        for line in self._table():
            terminalreporter.write_line(line)

    def _table(self) -> list[str]:
        backends = list(dict.fromkeys([*self._backends, *(backend for backend, _ in self._counts)]))
        width = max(len("backend"), *map(len, backends))
        lines = [f"{'backend':<{width}}  passed  failed  skipped"]
        for backend in backends:
            passed, failed, skipped = (self._counts[backend, outcome] for outcome in ("passed", "failed", "skipped"))
            lines.append(f"{backend:<{width}}  {passed:6}  {failed:6}  {skipped:7}")
            lines += [
                f"    lacks {lacked.replace('_', '-')}: {nodeid}" for lacked, nodeid in self._lacked.get(backend, [])
            ]
        return lines
