"""What one item found, as text that travels between processes: a whole report in one rule."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from jobkit_conformance.reports.json_reader import decode_part
from jobkit_conformance.reports.json_report import Document, document
from jobkit_conformance.reports.report import Report


def encode(report: Report, told: Collection[str]) -> str:
    """The report, with the rules of which this item tells; with none for the item of the harness."""
    whole = document(report)
    whole.rules = [entry for entry in whole.rules if entry.id in told]
    return msgspec.json.encode(whole).decode()


def decode(piece: str) -> Document:
    """The same, at its other end."""
    return decode_part(piece.encode())
