"""Reports in a few lines: a line a backend, and what is wrong with it."""

from __future__ import annotations

from jobkit_conformance.reports.json_reader import documents
from jobkit_conformance.reports.json_report import Document, Matrix
from jobkit_conformance.reports.text import GLYPHS, verdict_headline, wrapped
from jobkit_conformance.verdicts import Verdict


def summarize(whole: Document | Matrix) -> str:
    """What each backend comes to."""
    lines: list[str] = []
    for each in documents(whole):
        lines += _lines(each)
    return "\n".join(lines)


def _lines(each: Document) -> list[str]:
    runs = f", {len(each.parts)} runs" if each.parts else ""
    name = each.target if each.target == each.backend else f"{each.target} ({each.backend})"
    said = verdict_headline(each.footer.verdict)
    head = f"{said}: {name}, contract {each.contract}: {counted(each.footer.counts)}{runs}"
    lines = wrapped(head, "", "  ")
    for verdict in (Verdict.ERROR, Verdict.BROKEN, Verdict.WAIVED):
        ids = [entry.id for entry in each.rules if entry.verdict is verdict]
        if ids:
            lines += wrapped(f"{GLYPHS[verdict]}: {', '.join(ids)}", "  ", "    ")
    lines += [f"  NOT REFUSED: {name} is not claimed, and was accepted" for name in each.footer.accepted_unclaimed]
    if each.footer.unsound:
        lines += wrapped(f"the harness is not sound: {each.footer.unsound}", "  ", "    ")
    return lines + [line for remark in each.footer.remarks for line in wrapped(f"note: {remark}", "  ", "    ")]


def counted(counts: dict[str, int]) -> str:
    """``75 kept, 10 out of scope``."""
    return ", ".join(f"{count} {GLYPHS[Verdict(verdict)]}" for verdict, count in counts.items())
