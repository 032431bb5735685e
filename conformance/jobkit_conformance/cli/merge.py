"""``jobkit conformance merge``: one report of several, of one backend or of many."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jobkit_conformance.cli.write_reports import write
from jobkit_conformance.reports import summary
from jobkit_conformance.reports.json_reader import BadDocument, read
from jobkit_conformance.reports.merge import BadMerge, merge
from jobkit_conformance.verdicts import Exit


def describe(parser: argparse.ArgumentParser) -> None:
    """The files and options of this word."""
    parser.description = (
        "Make one report of several: of one backend in parts (rules, seeds, profiles), where the gravest verdict "
        "counts and cases add up, or of several backends, side by side."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="reports as JSON")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the report as JSON")
    parser.add_argument("--html", type=Path, metavar="PATH", help="write the report as a page")
    parser.add_argument("--allow-incomplete", action="store_true", help="exit 0 although some rules were not judged")


def run(options: argparse.Namespace) -> int:
    """Merge, write, say what it comes to; the exit code is that of a run that found all of it."""
    try:
        merged = merge([(str(path), read(path)) for path in options.files], allow_incomplete=options.allow_incomplete)
    except (BadDocument, BadMerge) as error:
        print(f"jobkit conformance merge: {error}", file=sys.stderr)
        return Exit.USAGE
    print(summary.summarize(merged))
    write(merged, json=options.json, html=options.html)
    return merged.footer.exit
