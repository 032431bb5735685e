"""A run that keeps payloads: gathers what its tests enqueue, or asks today's code about what was stored."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_jobkit.features.payloads.storage import Payload, WriteResult, files, read, write
from pytest_jobkit.report_router import is_worker

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from pathlib import Path

    from jobkit.jobs.job import Job
    from pytest_jobkit.case import Case
    from pytest_jobkit.recording.entry import Entry

SEEN, STALE = "jobkit_payloads_seen", "jobkit_payload_stale"
"""Attributes of a report: they travel with it from a worker to the process that writes."""


class PayloadPlugin:
    """``recording``: what no longer fits is dropped instead of failing."""

    def __init__(self, config: pytest.Config, folder: Path, *, recording: bool) -> None:
        self._config = config
        self._folder = folder
        self.recording = recording
        self._seen: set[Payload] = set()
        self._stale: set[tuple[str, str]] = set()
        self._written: WriteResult | None = None

    # Each stored payload is a test.

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        there = {item.nodeid for item in items}
        for file in files(self._folder):
            items += [item for item in _file(session, file).collect() if item.nodeid not in there]

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """By the id that a failure shows."""
        if file_path.parent == self._folder and file_path.suffix == ".json":
            return _file(parent, file_path)
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if self.recording and isinstance(item, PayloadItem) and report.failed:
            report.outcome, report.longrepr = "passed", None
            setattr(report, STALE, [item.path.name, item.payload.shape])
        return report

    # What tests enqueue.

    def see(self, cases: Sequence[Case], report: pytest.TestReport) -> None:
        """Leave on the report what its test enqueued."""
        if self.recording:
            seen = {_payload(each, each.job) for case in cases for each in case.tape.enqueued() if each.job is not None}
            setattr(report, SEEN, [_packed(each) for each in sorted(seen, key=lambda each: (each.job, each.body))])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seen |= {_unpacked(each) for each in getattr(report, SEEN, ())}
        if (stale := getattr(report, STALE, None)) is not None:
            self._stale.add((stale[0], stale[1]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        if self.recording and not is_worker(self._config):
            self._written = write(self._folder, self._seen, self._stale)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if (done := self._written) is None:
            return
        folder = self._folder
        shown = folder.relative_to(self._config.rootpath) if folder.is_relative_to(self._config.rootpath) else folder
        terminalreporter.write_sep("=", "jobkit payloads")
        terminalreporter.write_line(
            f"{shown}: {done.added} added, {done.kept} kept, {done.dropped} dropped; commit them"
        )
        for file, shape in sorted(self._stale):
            terminalreporter.write_line(f"  dropped, since today's code can't perform it: {file} ({shape})")


class PayloadFile(pytest.File):
    """The stored payloads of one job."""

    def collect(self) -> Iterable[PayloadItem]:
        for payload in read(self.path):
            item = cast("Any", PayloadItem).from_parent(self, name=payload.shape or "no arguments")
            item.payload = payload
            yield item


def _file(parent: pytest.Collector, path: Path) -> PayloadFile:
    return cast("PayloadFile", cast("Any", PayloadFile).from_parent(parent, path=path))


class PayloadItem(pytest.Item):
    """That one stored payload can still be performed."""

    payload: Payload

    def runtest(self) -> None:
        from pytest_jobkit.features.payloads.check import incompatibility

        if (said := incompatibility(self.payload)) is not None:
            raise PayloadIncompatible(said)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, PayloadIncompatible):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.payload.job}({self.payload.shape})"


class PayloadIncompatible(AssertionError):
    """Today's code can't perform what older code stored."""


def _payload(entry: Entry, job: Job[..., Any]) -> Payload:
    from pytest_jobkit.features.payloads.shape import shape_of

    headers = entry.message.headers
    return Payload(
        job=job.name,
        module=job.function.__module__,
        shape=shape_of(entry.given),
        version=headers["v"],
        coder=headers["coder"],
        body=entry.message.body,
    )


def _packed(payload: Payload) -> list[str]:
    body = base64.b64encode(payload.body).decode()
    return [payload.job, payload.module, payload.shape, payload.version, payload.coder, body]


def _unpacked(packed: list[str]) -> Payload:
    *fields, body = packed
    job, module, shape, version, coder = fields
    return Payload(job, module, shape, version, coder, base64.b64decode(body))
