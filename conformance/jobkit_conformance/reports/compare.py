"""What changed from one report to a later one: which rules were lost, which were won, what else is different."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from jobkit_conformance.reports.json_reader import documents
from jobkit_conformance.reports.json_report import Document, Entry, Matrix
from jobkit_conformance.reports.text import GLYPHS, WIDTH
from jobkit_conformance.verdicts import Verdict

GONE: Final = "gone"


@dataclass(frozen=True)
class Change:
    """A rule that ended otherwise than before. ``old``, ``new``: None where it is not in that report."""

    target: str
    id: str
    old: Verdict | None
    new: Verdict | None
    about: str

    @property
    def lost(self) -> bool:
        """It was kept, and is not any more, for whatever reason."""
        return self.old is Verdict.KEPT

    @property
    def won(self) -> bool:
        return self.new is Verdict.KEPT

    def line(self) -> str:
        kind = "lost" if self.lost else "won" if self.won else "changed"
        head = f"{kind:<8} {self.id:<4} {_word(self.old)} -> {_word(self.new)}: "
        return head + textwrap.shorten(self.about, WIDTH - len(head), placeholder=" ...")


@dataclass
class Comparison:
    """All that changed; ``notes`` are what a reader has to know of the two reports themselves."""

    changes: list[Change] = field(default_factory=list[Change])
    notes: list[str] = field(default_factory=list[str])
    kept: tuple[int, int] = (0, 0)

    @property
    def lost(self) -> list[Change]:
        return [change for change in self.changes if change.lost]

    def lines(self) -> Iterator[str]:
        """For a terminal: what was lost first."""
        yield from self.notes
        order = sorted(self.changes, key=lambda change: (not change.lost, not change.won))
        for target in dict.fromkeys(change.target for change in order):
            yield target
            yield from (f"  {change.line()}" for change in order if change.target == target)
        won = sum(change.won for change in self.changes)
        others = len(self.changes) - won - len(self.lost)
        yield (
            f"{len(self.lost)} lost, {won} won, {others} changed otherwise; "
            f"kept: {self.kept[0]} before, {self.kept[1]} now"
        )


def compare(old: Document | Matrix, new: Document | Matrix) -> Comparison:
    """What changed, backend by backend and rule by rule. Catalogues may differ: rules go by their ids."""
    found = Comparison()
    if old.manifest != new.manifest:
        found.notes.append(
            "the reports are about different catalogues: a rule may have become stricter, and some may be new"
        )
    for before, after in _pairs(documents(old), documents(new)):
        _compare(before, after, found)
    return found


def _pairs(old: list[Document], new: list[Document]) -> list[tuple[Document | None, Document | None]]:
    """Backends that are the same, at best in the same version; two reports of one backend each are always a pair."""
    if len(old) == len(new) == 1:
        return [(old[0], new[0])]
    pairs: list[tuple[Document | None, Document | None]] = []
    left = list(new)
    for each in old:
        same = [other for other in left if (other.target, other.clock) == (each.target, each.clock)]
        same.sort(key=lambda other: other.backend != each.backend)
        if same:
            left.remove(same[0])
        pairs.append((each, same[0] if same else None))
    return [*pairs, *((None, each) for each in left)]


def _compare(old: Document | None, new: Document | None, found: Comparison) -> None:
    before, after = _entries(old), _entries(new)
    target = new.target if new else old.target if old else ""
    if old and new and (old.target, old.backend) != (new.target, new.backend):
        found.notes.append(f"{old.target} ({old.backend}) was compared with {new.target} ({new.backend})")
    if new is None:
        found.notes.append(f"{target} is not in the new report")
    if old is None:
        found.notes.append(f"{target} was not in the old report")
    for name in set(new.footer.accepted_unclaimed if new else ()) - set(old.footer.accepted_unclaimed if old else ()):
        found.notes.append(f"{target}: {name} is not claimed, and is accepted now")
    for id in dict.fromkeys([*before, *after]):
        was, now = before.get(id), after.get(id)
        change = Change(target, id, _verdict(was), _verdict(now), _about(now) if now else GONE)
        if change.old is not change.new:
            found.changes.append(change)
    found.kept = (found.kept[0] + _kept(before), found.kept[1] + _kept(after))


def _entries(found: Document | None) -> dict[str, Entry]:
    return {entry.id: entry for entry in found.rules} if found else {}


def _verdict(entry: Entry | None) -> Verdict | None:
    return entry.verdict if entry else None


def _kept(entries: dict[str, Entry]) -> int:
    return sum(entry.verdict is Verdict.KEPT for entry in entries.values())


def _about(entry: Entry) -> str:
    """What is best said of a rule in half a line."""
    if entry.waiver:
        return entry.waiver.reason
    seen = (entry.seen or "").splitlines()
    return seen[0] if seen else entry.note or entry.sentence


def _word(verdict: Verdict | None) -> str:
    return GLYPHS[verdict] if verdict else "not there"
