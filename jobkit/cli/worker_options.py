"""What may be said to ``jobkit worker``, and what of it a supervisor says to each of its processes."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobkit.cli.metrics import place


def declare(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Perform an app's jobs. TERM or INT: stop well; a second time: at once. HUP, with --processes: replace "
        "them one after the other."
    )
    parser.add_argument("app", metavar="MODULE:APP", help="where the app is, such as shop.jobs:app")
    parser.add_argument(
        "--queue",
        action="append",
        metavar="NAME[=WEIGHT]",
        help="take jobs of this queue; repeated, earlier ones first, or by weight if one has any (all queues)",
    )
    _how_many(parser)
    _for_how_long(parser)
    _what_it_tells(parser)
    parser.add_argument("--no-schedules", action="store_true", help="leave what recurs to other workers")
    parser.add_argument(
        "--loop", default="auto", choices=("auto", "asyncio", "uvloop"), help="the event loop (uvloop if installed)"
    )
    parser.add_argument("--report-fd", type=int, help=argparse.SUPPRESS)  # a supervisor listens there


def _how_many(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how many")
    group.add_argument("--processes", type=_count, metavar="N", help="worker processes under a supervisor (none)")
    group.add_argument("--concurrency", type=int, default=50, metavar="N", help="jobs at a time in each (50)")
    group.add_argument("--threads", type=int, metavar="N", help="of these plain functions at a time (all)")
    alone = "of these isolated jobs at a time, each in a process (one a processor)"
    group.add_argument("--children", type=int, metavar="N", help=alone)
    group.add_argument("--max-jobs", type=int, metavar="N", help="a new process after so many executions")
    group.add_argument("--max-memory", type=int, metavar="MIB", help="a new process once one uses so much memory")


def _for_how_long(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("for how long")
    kept = "a lost worker's jobs are kept from others (30)"
    group.add_argument("--lease", type=float, default=30.0, metavar="SECONDS", help=kept)
    left = "what running jobs have when it stops (25)"
    group.add_argument("--grace", type=float, default=25.0, metavar="SECONDS", help=left)


def _what_it_tells(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what it tells")
    group.add_argument("--ready-file", type=Path, metavar="PATH", help="exists while jobs can be taken")
    group.add_argument("--live-file", type=Path, metavar="PATH", help="touched every 5 seconds while it is alive")
    group.add_argument("--metrics", type=place, metavar="[HOST:]PORT", help="where Prometheus finds them (127.0.0.1)")
    group.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    group.add_argument("--log-format", default="text", choices=("text", "json"), help="lines, or a JSON object a line")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on, not {text!r}")
    return int(text)


def of_child(stated: argparse.Namespace, number: int, count: int) -> list[str]:
    """The same once more for one process of several, but for what is the supervisor's own."""
    arguments = [stated.app, *(f"--queue={each}" for each in stated.queue or ())]
    passed = ("concurrency", "threads", "children", "max_memory", "lease", "grace", "log_level", "log_format", "loop")
    said = {name: value for name in passed if (value := getattr(stated, name)) is not None}
    arguments += [f"--{name.replace('_', '-')}={value}" for name, value in said.items()]
    if stated.max_jobs is not None:
        arguments.append(f"--max-jobs={stagger_max_jobs(stated.max_jobs, number, count)}")
    if stated.metrics is not None:
        arguments.append("--metrics=0")  # counted there, shown by the supervisor
    return [*arguments, *(["--no-schedules"] if stated.no_schedules else [])]


def stagger_max_jobs(most: int, number: int, count: int) -> int:
    """Up to a tenth fewer for each further process: they would all be replaced at once else."""
    return max(1, most - most * number // (10 * count))
