"""``jobkit conformance compare``: what changed from one report to another."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jobkit_conformance.reports.compare import compare
from jobkit_conformance.reports.json_reader import BadDocument, read
from jobkit_conformance.verdicts import Exit


def describe(parser: argparse.ArgumentParser) -> None:
    """The files of this word."""
    parser.description = "Say what changed between two reports. Exit code 1: a rule that was kept is not any more."
    parser.add_argument("old", type=Path, metavar="OLD", help="a report as JSON")
    parser.add_argument("new", type=Path, metavar="NEW", help="a later one")


def run(options: argparse.Namespace) -> int:
    """Print what changed; 1 when something was lost."""
    try:
        found = compare(read(options.old), read(options.new))
    except BadDocument as error:
        print(f"jobkit conformance compare: {error}", file=sys.stderr)
        return Exit.USAGE
    print("\n".join(found.lines()))
    return Exit.BROKEN if found.lost else Exit.CONFORMANT
