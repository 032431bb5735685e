"""One report of several: parts of a run over one backend, several seeds of it, or several backends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from jobkit_conformance.reports.json_reader import documents
from jobkit_conformance.reports.json_report import Document, Entry, Matrix, MatrixFooter, Part, footer, word_of
from jobkit_conformance.verdicts import Exit, together

Named: TypeAlias = tuple[str, Document]

_GRAVEST = (Exit.KIT_FAILED, Exit.BROKEN, Exit.INCOMPLETE, Exit.CONFORMANT)


class BadMerge(ValueError):
    """Reports that can't be one; the message says which, and why."""


def merge(given: Sequence[tuple[str, Document | Matrix]], *, allow_incomplete: bool = False) -> Document | Matrix:
    """One report of these, each named as errors name it. Raises `BadMerge`.

    Reports with the same target, backend and clock are parts of one: the gravest verdict of a rule counts, cases and
    coverage labels add up, and what a part did not run the others answer for. Several backends stand side by side.
    """
    named = [(name, each) for name, whole in given for each in documents(whole)]
    _check(named)
    groups: dict[tuple[str, str, str], list[Named]] = {}
    for name, each in named:
        groups.setdefault((each.target, each.backend, each.clock), []).append((name, each))
    merged = [_one(group, allow_incomplete=allow_incomplete) for group in groups.values()]
    return merged[0] if len(merged) == 1 else matrix(merged)


def _check(named: Sequence[Named]) -> None:
    if not named:
        raise BadMerge("there is no backend in these reports: give reports of runs")
    first_name, first = named[0]
    for place, (name, each) in enumerate(named):
        if each.manifest != first.manifest:
            raise BadMerge(
                f"{first_name} and {name} are about different catalogues ({first.manifest[:12]} and "
                f"{each.manifest[:12]}): run both with one version of the kit"
            )
        for other_name, other in named[:place]:
            if other == each:
                raise BadMerge(f"{other_name} and {name} are the same run: give it once, or its cases count twice")


def _one(group: Sequence[Named], *, allow_incomplete: bool) -> Document:
    """The report of one backend."""
    first_name, first = group[0]
    for name, each in group:
        if each.capabilities and first.capabilities and each.capabilities != first.capabilities:
            differing = [key for key, value in each.capabilities.items() if first.capabilities.get(key) != value]
            raise BadMerge(
                f"{first_name} and {name} are of {first.target}, which claims different things in them "
                f"({', '.join(differing)}): let both runs be of one version of it"
            )
    found = [each for _, each in group]
    rules = [one_of(entries) for entries in zip(*(each.rules for each in found), strict=True)]
    return Document(
        kit=first.kit,
        contract=first.contract,
        manifest=first.manifest,
        target=first.target,
        backend=first.backend,
        capabilities=next((each.capabilities for each in found if each.capabilities), None),
        clock=first.clock,
        profile=first.profile,
        seed=first.seed,
        rules=rules,
        footer=footer(
            rules,
            accepted_unclaimed=_unique(name for each in found for name in each.footer.accepted_unclaimed),
            unsound="\n".join(_unique(each.footer.unsound for each in found if each.footer.unsound)),
            remarks=_unique(remark for each in found for remark in each.footer.remarks),
            seconds=sum(each.footer.seconds for each in found),
            allow_incomplete=allow_incomplete,
            worker_counts=first.worker_counts,
        ),
        worker_counts=first.worker_counts,
        parts=[part for each in found for part in _parts(each)] if len(found) > 1 else first.parts,
    )


def _parts(each: Document) -> list[Part]:
    return each.parts or [Part(each.profile, each.seed, each.footer.seconds)]


def one_of(entries: Sequence[Entry]) -> Entry:
    """What several runs say of one rule: all from the one that says the gravest, but counts from all."""
    verdict = together(entry.verdict for entry in entries)
    saying = [entry for entry in entries if entry.verdict is verdict]
    best = min(saying, key=_length)
    coverage: Counter[str] = Counter()
    for entry in entries:
        coverage.update(entry.coverage)
    return Entry(
        id=best.id,
        verdict=verdict,
        sentence=best.sentence,
        needs=best.needs,
        reason=best.reason,
        look=best.look,
        bugs=best.bugs,
        cases=sum(entry.cases for entry in entries),
        seconds=round(sum(entry.seconds for entry in entries), 3),
        coverage=dict(sorted(coverage.items())),
        note="; ".join(_unique(entry.note for entry in saying if entry.note)),
        waiver=best.waiver,
        seen=best.seen,
        tier=best.tier,
        program=best.program,
        replay=best.replay,
        shows_in=best.shows_in,
        story=best.story,
    )


def _length(entry: Entry) -> int:
    """Short programs before long ones, those that can't be told last."""
    return len(entry.story.steps) if entry.story and entry.story.steps else 10_000


def matrix(merged: Sequence[Document]) -> Matrix:
    """The reports of several backends, which are about one catalogue."""
    exits = {each.footer.exit for each in merged}
    exit = next(exit for exit in _GRAVEST if exit in exits)
    complete = all(each.footer.complete for each in merged)
    first = merged[0]
    return Matrix(
        kit=first.kit,
        contract=first.contract,
        manifest=first.manifest,
        backends=list(merged),
        footer=MatrixFooter(complete=complete, verdict=word_of(exit, complete=complete), exit=exit),
    )


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
