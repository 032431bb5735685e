"""``jobkit conformance badge``: a report in one line, as a picture and for services that draw their own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jobkit_conformance.reports.badge import as_endpoint, as_svg, badge
from jobkit_conformance.reports.json_reader import BadDocument, documents, read
from jobkit_conformance.reports.json_report import Document, Matrix
from jobkit_conformance.verdicts import Exit


def describe(parser: argparse.ArgumentParser) -> None:
    """The file and the options of this word."""
    parser.description = "Show a report as a badge: the contract's version and how many rules are kept."
    parser.add_argument("report", type=Path, metavar="REPORT", help="a report as JSON")
    parser.add_argument("--target", metavar="NAME", help="which backend, of a report with several")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="write it as a picture")
    parser.add_argument("--endpoint", type=Path, metavar="PATH", help="write it as JSON for shields.io/endpoint")


def run(options: argparse.Namespace) -> int:
    """Write the badge, and print its words."""
    try:
        shown = badge(_chosen(read(options.report), options.target))
    except BadDocument as error:
        print(f"jobkit conformance badge: {error}", file=sys.stderr)
        return Exit.USAGE
    if options.svg is not None:
        options.svg.write_bytes(as_svg(shown))
    if options.endpoint is not None:
        options.endpoint.write_bytes(as_endpoint(shown))
    print(f"{shown.label}: {shown.message}")
    return Exit.CONFORMANT


def _chosen(whole: Document | Matrix, target: str | None) -> Document:
    """The one backend that the badge is of."""
    found = [each for each in documents(whole) if target in (None, each.target)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(dict.fromkeys(each.target for each in documents(whole)))
    if not found:
        raise BadDocument(f"the report has no backend {target!r}: there is {there}")
    raise BadDocument(f"the report is of several backends: choose one with --target ({there})")
