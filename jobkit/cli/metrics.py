"""``--metrics``: a port where Prometheus finds what the worker does, all of its processes together."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobkit import events
from jobkit.errors import ConfigurationError

if TYPE_CHECKING:
    from jobkit.app import App

log = logging.getLogger("jobkit.worker")

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where the processes of one worker write what their supervisor sums up; it is the library's own word."""


def place(text: str) -> tuple[str, int]:
    """``9100`` on this machine only, or ``0.0.0.0:9100``."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"[HOST:]PORT, such as 9100 or 0.0.0.0:9100, not {text!r}")
    return host.strip("[]") or "127.0.0.1", int(port)


def shared(stated: argparse.Namespace) -> str | None:
    """A folder in which the processes of one worker count, if that is wanted."""
    return None if stated.metrics is None else tempfile.mkdtemp(prefix="jobkit-metrics-")


@asynccontextmanager
async def exposed(app: App, stated: argparse.Namespace, folder: str | None = None) -> AsyncGenerator[None, None]:
    """The port is open inside of this. ``folder``: where several processes count, which are summed up here."""
    if stated.metrics is None:
        yield
        return
    bridge, client = _bridge(), import_module("prometheus_client")
    if stated.report_fd is not None:
        end = events.observe(bridge.Metrics(app))
        yield
        end()
        return
    registry: Any = client.CollectorRegistry()
    stop: Callable[[], None]
    if folder is None:
        stop = events.observe(bridge.Metrics(app, registry))
    else:
        registry.register(Summed(Path(folder)))
        stop = partial(shutil.rmtree, folder, ignore_errors=True)
    host, port = stated.metrics
    server = _serve(client, host, port, registry)
    looking = asyncio.get_running_loop().create_task(bridge.QueueMetrics(app, registry).run(), name="jobkit-metrics")
    log.info("metrics on http://%s:%d/metrics", host, server.server_port)
    try:
        yield
    finally:
        looking.cancel()
        server.shutdown()
        server.server_close()
        stop()


class Summed:
    """What all processes that count in a folder have counted, as the library's collector has it.

    That fails on a file that a process has just made and not written to; nothing is counted in it yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._merge: Callable[..., Iterable[Any]] = import_module(
            "prometheus_client.multiprocess"
        ).MultiProcessCollector.merge

    def collect(self) -> Iterable[Any]:
        files = [str(path) for path in self._folder.glob("*.db") if _is_written(path)]
        return self._merge(files, accumulate=True)


def _is_written(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False  # of a process that ended meanwhile


def _bridge() -> Any:
    try:
        return import_module("jobkit.observability.prometheus")
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise ConfigurationError(
            "--metrics needs the package prometheus-client: pip install 'jobkit-core[prometheus]'"
        ) from None


def _serve(client: Any, host: str, port: int, registry: Any) -> Any:
    try:
        server, _ = client.start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise ConfigurationError(f"--metrics {host}:{port}: {error.strerror}") from None
    return server


def forget(folder: str | None, pid: int) -> None:
    """A process has ended: what it was running is not running any more."""
    if folder is not None:
        import_module("prometheus_client.multiprocess").mark_process_dead(pid, path=folder)
