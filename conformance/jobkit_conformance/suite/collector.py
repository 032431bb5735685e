"""All that the items found, in one report."""

from __future__ import annotations

from pathlib import Path

from jobkit_conformance.reports import summary
from jobkit_conformance.reports.html import page
from jobkit_conformance.reports.json_report import Document, Entry, Matrix, encode, entry_of, footer
from jobkit_conformance.reports.merge import matrix, one_of
from jobkit_conformance.reports.report import blank
from jobkit_conformance.suite.transport import decode


class ReportCollector:
    """Pieces of reports, by the backend that they are of."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[str, str], list[Document]] = {}

    def add(self, piece: str) -> None:
        """One item's."""
        found = decode(piece)
        self._pieces.setdefault((found.target, found.clock), []).append(found)

    def whole(self) -> Document | Matrix:
        """The report: of one backend, or of several. What no item asked is not run, and leaves it incomplete."""
        found = [_joined(pieces) for pieces in self._pieces.values()]
        return found[0] if len(found) == 1 else matrix(found)

    def summary(self) -> str:
        """It in a few lines."""
        return summary.summarize(self.whole())

    def write(self, *, json: str | None, html: str | None) -> None:
        """To where the options say."""
        if json:
            Path(json).write_bytes(encode(self.whole()))
        if html:
            Path(html).write_text(page(self.whole()), "utf-8")


def _joined(pieces: list[Document]) -> Document:
    """The pieces of one backend, in the catalogue's order; where two speak of one rule, the gravest verdict counts."""
    found = pieces[0]
    told: dict[str, list[Entry]] = {}
    for piece in pieces:
        for entry in piece.rules:
            told.setdefault(entry.id, []).append(entry)
    found.rules = [one_of(told[id]) if id in told else entry_of(finding) for id, finding in blank().items()]
    found.footer = footer(
        found.rules,
        accepted_unclaimed=found.footer.accepted_unclaimed,
        unsound=found.footer.unsound,
        remarks=list(dict.fromkeys(remark for piece in pieces for remark in piece.footer.remarks)),
        seconds=sum(piece.footer.seconds for piece in pieces),
        worker_counts=found.worker_counts,
    )
    return found
