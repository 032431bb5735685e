"""Writes reports to where the command line says."""

from __future__ import annotations

from pathlib import Path

from jobkit_conformance.reports.html import page
from jobkit_conformance.reports.json_report import Document, Matrix, encode


def write(whole: Document | Matrix, *, json: Path | None, html: Path | None) -> None:
    """As JSON, and as a page."""
    if json is not None:
        json.write_bytes(encode(whole))
    if html is not None:
        html.write_text(page(whole), "utf-8")
