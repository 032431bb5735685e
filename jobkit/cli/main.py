"""``jobkit``: finds the command, and turns jobkit's own errors into one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points, version

from jobkit.cli import worker
from jobkit.errors import ConfigurationError, JobkitError

GROUP = "jobkit.commands"

USAGE = 2

SUMMARIES = {
    "conformance": "check a job backend against the contract",
    "new": "write the beginning of a backend, with its harness and its test",
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return USAGE
    try:
        return int(options.run(options))
    except JobkitError as error:
        print(f"jobkit {options.command}: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jobkit", description="Background jobs: run them, and prove what runs them.")
    parser.add_argument("--version", action="version", version=f"jobkit {version('jobkit-core')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    worker.command(commands.add_parser("worker", help="perform an app's jobs"))
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        command = commands.add_parser(point.name, help=SUMMARIES.get(point.name, ""))
        try:
            describe = point.load()
        except ModuleNotFoundError as error:
            _stand_in(command, point.name, error)
        else:
            describe(command)
    return parser


def _stand_in(parser: argparse.ArgumentParser, name: str, error: ModuleNotFoundError) -> None:
    """A command whose extra is not installed says what to install."""
    if (error.name or "").startswith("jobkit"):
        raise error
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)

    def run(_: argparse.Namespace) -> int:
        raise ConfigurationError(f"it needs the package {error.name}: pip install 'jobkit-core[{name}]'")

    parser.set_defaults(run=run)
