"""``jobkit worker shop.jobs:app``: performs an app's jobs until it is asked to stop."""

from __future__ import annotations

import argparse
import logging
import sys
from importlib import import_module
from pathlib import Path

from jobkit.app import App
from jobkit.errors import ConfigurationError


def command(parser: argparse.ArgumentParser) -> None:
    parser.description = "Perform an app's jobs. TERM or INT: stop well; a second time: at once."
    parser.add_argument("app", metavar="MODULE:APP", help="where the app is, such as shop.jobs:app")
    parser.add_argument(
        "--queue", action="append", metavar="NAME", help="take jobs of this queue; repeated, earlier ones first (all)"
    )
    parser.add_argument("--concurrency", type=int, default=50, metavar="N", help="jobs at a time (50)")
    parser.add_argument(
        "--lease",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long a lost worker's jobs are kept from others (30)",
    )
    parser.add_argument(
        "--grace", type=float, default=25.0, metavar="SECONDS", help="what running jobs have when it stops (25)"
    )
    parser.add_argument("--ready-file", type=Path, metavar="PATH", help="exists while the worker can take jobs")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    import asyncio

    from jobkit.worker import Worker

    logging.basicConfig(
        level=options.log_level.upper(), format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr
    )
    app = find_app(options.app)
    worker = Worker(
        app,
        queues=options.queue,
        concurrency=options.concurrency,
        lease=options.lease,
        grace=options.grace,
        ready_file=options.ready_file,
    )
    for clients in app.by_source(worker.options.queues):
        if clients.source.embedded:
            raise ConfigurationError(
                f"{clients.source} is the memory of another process: a worker could not see its jobs. "
                "Set JOBKIT_BACKEND, or give the app a URL such as redis://localhost"
            )
    asyncio.run(worker.run())
    return 0


def find_app(path: str) -> App:
    """The app at ``module:name``; the working folder is on the path."""
    module, colon, name = path.partition(":")
    if not colon or not name:
        raise ConfigurationError(f"an app is named as module:app, such as shop.jobs:app, not {path!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not (module == error.name or module.startswith(f"{error.name}.")):
            raise
        raise ConfigurationError(f"no module {module!r} (looked in {here} and where packages are installed)") from None
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, App):
        apps = [key for key, value in vars(import_module(module)).items() if isinstance(value, App)]
        hint = f"; there is {module}:{apps[0]}" if apps else ""
        raise ConfigurationError(f"{path} is not a jobkit.App{hint}")
    return found
