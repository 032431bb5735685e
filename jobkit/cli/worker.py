"""``jobkit worker shop.jobs:app``: performs an app's jobs until it is asked to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from jobkit.app import App
from jobkit.cli import metrics, worker_options
from jobkit.cli.event_loop import run_to_the_end
from jobkit.cli.init_process import run_below_init
from jobkit.cli.log_format import BesideStatus, set_up
from jobkit.cli.standard_streams import open_missing
from jobkit.cli.status_line import StatusLine
from jobkit.cli.targets import find_app
from jobkit.errors import ConfigurationError

if TYPE_CHECKING:
    from jobkit.worker import Options
    from jobkit.worker.stats import WorkerStats

T = TypeVar("T")


def command(parser: argparse.ArgumentParser) -> None:
    worker_options.declare(parser)
    parser.set_defaults(run=run)


def run(stated: argparse.Namespace) -> int:
    open_missing()
    if stated.report_fd is not None:
        os.set_inheritable(stated.report_fd, False)  # noqa: FBT003 - the function takes no keyword
    if os.getpid() == 1:
        return run_below_init(lambda: _run(stated))
    return _run(stated)


def _run(stated: argparse.Namespace) -> int:
    from jobkit.worker import Options

    supervises = stated.report_fd is None and any((stated.processes, stated.max_jobs, stated.max_memory))
    app = find_app(stated.app)
    queues, weights = parse_queue_weights(app, stated.queue)
    options = Options(
        queues=queues,
        weights=weights,
        concurrency=stated.concurrency,
        threads=stated.threads,
        children=stated.children,
        lease=stated.lease,
        grace=stated.grace,
        max_jobs=stated.max_jobs,
        max_memory=stated.max_memory,
        ready_file=stated.ready_file,
        live_file=stated.live_file,
        schedules=not stated.no_schedules,
    )
    _refuse_memory(app, options)
    if supervises:
        return _on_loop(stated.loop, lambda: _supervise(app, stated, options))
    return _on_loop(stated.loop, lambda: _work(app, stated, options))


def parse_queue_weights(app: App, queues: Sequence[str] | None) -> tuple[list[str] | None, dict[str, int] | None]:
    """``--queue mail=3 --queue default``: the names, and their weights if any is stated."""
    weights: dict[str, int] = {}
    names: list[str] = []
    stated = False
    for each in queues or ():
        name, equals, weight = each.rpartition("=")
        if not equals or each in app.queues:
            name, weight = each, "1"
        elif not weight.isdecimal():
            raise ConfigurationError(f"--queue {each}: a weight is a whole number, such as {name}=3")
        else:
            stated = True
        names.append(app.check_queue(name))
        weights[names[-1]] = int(weight)
    return names or None, weights if stated else None


def _refuse_memory(app: App, options: Options) -> None:
    for clients in app.by_source(options.queues):
        if clients.source.embedded:
            raise ConfigurationError(
                f"{clients.source} is the memory of another process: a worker could not see its jobs. "
                "Set JOBKIT_BACKEND, or give the app a URL such as redis://localhost"
            )


async def _work(app: App, stated: argparse.Namespace, options: Options) -> int:
    from jobkit.worker import Worker

    worker = Worker(app, options=options)
    async with contextlib.AsyncExitStack() as around:
        await around.enter_async_context(_shown(stated, lambda: worker.figures))
        await around.enter_async_context(metrics.exposed(app, stated))
        if stated.report_fd is not None:
            from jobkit.worker.supervisor_pipe import send_stats

            await around.enter_async_context(send_stats(stated.report_fd, lambda: worker.figures, worker.request_stop))
        await worker.run()
    return 0


async def _supervise(app: App, stated: argparse.Namespace, options: Options) -> int:
    from jobkit.worker.health_files import HealthFiles
    from jobkit.worker.supervisor import Supervisor

    count = stated.processes or 1

    def one(place: int, fd: int) -> list[str]:
        return [
            sys.executable,
            "-m",
            "jobkit",
            "worker",
            *worker_options.of_child(stated, place, count),
            f"--report-fd={fd}",
        ]

    files = HealthFiles(options.ready_file, options.live_file)
    folder = metrics.shared(stated)
    environment = {**os.environ, metrics.VARIABLE: folder} if folder else None
    supervisor = Supervisor(one, count, options.grace, files, environment, partial(metrics.forget, folder))
    async with _shown(stated, lambda: supervisor.figures), metrics.exposed(app, stated, folder):
        return await supervisor.run()


@asynccontextmanager
async def _shown(stated: argparse.Namespace, figures: Callable[[], WorkerStats]) -> AsyncGenerator[None, None]:
    """Log as it was asked for, and on a terminal draw a status line below."""
    draws = sys.stderr.isatty() and stated.report_fd is None and stated.log_format == "text"
    if not draws:
        set_up(stated.log_level, stated.log_format)
        yield
        return
    line = StatusLine(sys.stderr, figures)
    set_up(stated.log_level, "text", BesideStatus(sys.stderr, line.clear, line.draw))
    drawing = asyncio.get_running_loop().create_task(line.run(), name="jobkit-status-line")
    try:
        yield
    finally:
        drawing.cancel()
        await asyncio.wait([drawing])


def _on_loop(kind: str, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=loop_factory(kind)) as runner:
        return run_to_the_end(runner, main())


def loop_factory(kind: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """``auto``: uvloop where it is installed; ``uvloop``, ``asyncio``: this one."""
    if kind == "asyncio":
        return None
    try:
        uvloop: Any = import_module("uvloop")
    except ModuleNotFoundError:
        if kind == "uvloop":
            raise ConfigurationError("--loop uvloop: the package uvloop is not installed") from None
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
