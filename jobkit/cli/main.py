"""``jobkit``: finds the command, and turns jobkit's own errors into one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points, version

from jobkit.cli import dead, jobs, new, status, worker
from jobkit.errors import ConfigurationError, JobkitError, WorkerFailed

GROUP = "jobkit.commands"

FAILED = 1
USAGE = 2

SUMMARIES = {"conformance": "check a job backend against the contract"}

OWN = {
    "worker": (worker.command, "perform an app's jobs"),
    "status": (status.command, "how many jobs wait, run and are dead"),
    "dead": (dead.command, "list, show, requeue or delete dead jobs"),
    "cancel": (jobs.cancel, "end jobs, waiting or running"),
    "purge": (jobs.purge, "remove all jobs of a queue in one state"),
    "queues": (jobs.queues, "pause and resume queues"),
    "new": (new.command, "write the beginning of a job, or of a backend"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser(arguments[0] if arguments else "")
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return USAGE
    try:
        return int(options.run(options))
    except WorkerFailed as error:
        print(f"jobkit {options.command}: {error}", file=sys.stderr)
        return FAILED
    except JobkitError as error:
        print(f"jobkit {options.command}: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 130


def _parser(wanted: str) -> argparse.ArgumentParser:
    """Commands of others are loaded only when they are wanted: what a worker needs at its start is enough."""
    parser = argparse.ArgumentParser(prog="jobkit", description="Background jobs: run them, and prove what runs them.")
    parser.add_argument("--version", action="version", version=f"jobkit {version('jobkit-core')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (describe, summary) in OWN.items():
        describe(commands.add_parser(name, help=summary))
    others = [point for point in entry_points(group=GROUP) if point.name not in OWN]
    for point in sorted(others, key=lambda point: point.name):
        command = commands.add_parser(point.name, help=SUMMARIES.get(point.name, ""))
        if point.name != wanted:
            continue
        try:
            point.load()(command)
        except ModuleNotFoundError as error:
            _stand_in(command, point.name, error)
    return parser


def _stand_in(parser: argparse.ArgumentParser, name: str, error: ModuleNotFoundError) -> None:
    """A command whose extra is not installed says what to install."""
    if (error.name or "").startswith("jobkit"):
        raise error
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)

    def run(_: argparse.Namespace) -> int:
        raise ConfigurationError(f"it needs the package {error.name}: pip install 'jobkit-core[{name}]'")

    parser.set_defaults(run=run)
