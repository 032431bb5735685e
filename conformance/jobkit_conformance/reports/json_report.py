"""A report as JSON: a fixed shape, every rule in it, and a footer without which it is not whole."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from importlib.metadata import version
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from jobkit_conformance.catalogue import CONTRACT, RULES
from jobkit_conformance.render.timeline_data import TimelineData, printable
from jobkit_conformance.reports.report import Finding, Report, answering
from jobkit_conformance.verdicts import OPEN, Exit, Verdict, exit_of, headline_of

SCHEMA: Final = "jobkit-conformance-1"
MATRIX: Final = "jobkit-conformance-matrix-1"

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0)]
Digest: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Waived(Struct, frozen=True):
    """Why a rule may be broken, and the last day on which that counts."""

    reason: str
    until: dt.date


class Entry(Struct):
    """What was found of one rule; what the catalogue says of it comes along, so that a report can be read alone.

    ``seen``, ``tier``, ``program``, ``replay``, ``shows_in`` and ``story`` are there for a rule that is broken.
    """

    id: str
    verdict: Verdict
    sentence: str
    needs: list[str]
    reason: str
    look: str
    bugs: list[str]
    cases: Count
    seconds: Seconds
    coverage: dict[str, int]
    note: str
    waiver: Waived | None = None
    seen: str | None = None
    tier: str | None = None
    program: str | None = None
    replay: str | None = None
    shows_in: str | None = None
    story: TimelineData | None = None

    @property
    def family(self) -> str:
        return self.id[0]


class Part(Struct, frozen=True):
    """One of the runs that a merged report is made of."""

    profile: str
    seed: int
    seconds: Seconds


class Footer(Struct):
    """What a report comes to. ``counts``: rules by verdict, which have to be those in the report."""

    complete: bool
    verdict: str
    exit: Exit
    counts: dict[str, Count]
    accepted_unclaimed: list[str]
    unsound: str
    remarks: list[str]
    seconds: Seconds


class Document(Struct, tag_field="schema", tag=SCHEMA):
    """The report of one backend. ``manifest`` is a digest of the catalogue: of which questions it speaks."""

    kit: str
    contract: int
    manifest: Digest
    target: str
    backend: str
    capabilities: dict[str, Any] | None
    clock: str
    profile: str
    seed: int
    rules: list[Entry]
    footer: Footer
    parts: list[Part] = []
    worker_counts: bool = True
    """Whether the rules about workers are part of the verdict, or shown beside it."""


class MatrixFooter(Struct):
    """What the reports of several backends come to: the gravest of them."""

    complete: bool
    verdict: str
    exit: Exit


class Matrix(Struct, tag_field="schema", tag=MATRIX):
    """The reports of several backends about one catalogue."""

    kit: str
    contract: int
    manifest: Digest
    backends: list[Document]
    footer: MatrixFooter


def document(report: Report) -> Document:
    """The report as data, in the catalogue's order."""
    entries = [entry_of(finding) for finding in report.findings.values()]
    return Document(
        kit=version("jobkit-core"),
        contract=CONTRACT,
        manifest=manifest(),
        target=report.target,
        backend=report.backend,
        capabilities=msgspec.json.decode(msgspec.json.encode(report.capabilities)),
        clock=report.clock,
        profile=report.profile,
        seed=report.seed,
        rules=entries,
        worker_counts=report.worker_counts,
        footer=footer(
            entries,
            accepted_unclaimed=report.accepted_unclaimed,
            unsound=report.unsound,
            remarks=report.remarks,
            seconds=report.seconds,
            allow_incomplete=report.allow_incomplete,
            asked=report.asked,
            worker_counts=report.worker_counts,
        ),
    )


def manifest() -> str:
    """A digest of the catalogue: two reports with the same one were asked the same questions."""
    text = "\n".join(f"{rule.id} {rule.sentence} {' '.join(rule.needs)}" for rule in RULES)
    return hashlib.sha256(text.encode()).hexdigest()


def footer(
    entries: Iterable[Entry],
    *,
    accepted_unclaimed: Sequence[str] = (),
    unsound: str = "",
    remarks: Sequence[str] = (),
    seconds: float = 0.0,
    allow_incomplete: bool = False,
    asked: Collection[str] = (),
    worker_counts: bool = True,
) -> Footer:
    """What these entries come to; the exit code is about those that were ``asked``, when not all were."""
    told = {entry.id: entry.verdict for entry in entries}
    answers = answering(told, asked=asked, worker_counts=worker_counts)
    exit = exit_of(answers, accepted_unclaimed=bool(accepted_unclaimed), allow_incomplete=allow_incomplete)
    if unsound:
        exit = Exit.KIT_FAILED
    complete = not unsound and not OPEN & set(answering(told, worker_counts=worker_counts))
    return Footer(
        complete=complete,
        verdict=word_of(exit, complete=complete),
        exit=exit,
        counts=counts(told.values()),
        accepted_unclaimed=list(accepted_unclaimed),
        unsound=unsound,
        remarks=list(remarks),
        seconds=round(seconds, 3),
    )


def word_of(exit: Exit, *, complete: bool) -> str:
    """The headline as a word for programs: ``not_conformant``."""
    return headline_of(exit, complete=complete).lower().replace(" ", "_")


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many rules ended in each verdict, those that occur, in the order in which they are told."""
    counted = Counter(verdicts)
    return {verdict.value: counted[verdict] for verdict in Verdict if counted[verdict]}


def encode(whole: Document | Matrix) -> bytes:
    """The JSON, for people too: indented, a line at the end."""
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def entry_of(finding: Finding) -> Entry:
    """What a report says of one rule."""
    rule, failure, waiver = finding.rule, finding.failure, finding.waiver
    entry = Entry(
        id=rule.id,
        verdict=finding.verdict,
        sentence=rule.sentence,
        needs=list(rule.needs),
        reason=rule.reason,
        look=rule.look,
        bugs=list(rule.bugs),
        cases=finding.cases,
        seconds=round(finding.seconds, 3),
        coverage=dict(sorted(finding.coverage.items())),
        note=printable(finding.note),
        waiver=Waived(waiver.reason, waiver.until) if waiver else None,
    )
    if failure is not None:
        entry.seen, entry.tier, entry.shows_in = printable(failure.seen), failure.tier, failure.shows_in
        entry.program, entry.replay, entry.story = printable(failure.program), failure.replay, failure.story
    return entry
