"""Rules that are known to be broken, each with a reason and a last day: still run, counted apart, never forgotten."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from msgspec import Struct

from jobkit_conformance.catalogue import BY_ID, CONTRACT
from jobkit_conformance.reports.report import Finding, Report
from jobkit_conformance.verdicts import Verdict

EXAMPLE = (
    '[[waiver]] with rule = "O1", reason = "why", until = 2027-01-31, and if it is for some only backend = "mine*"'
)


class BadWaivers(ValueError):
    """The file is not one of waivers; the message says what is wrong, where, and what would be right."""


class Waiver(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule that may be broken, for a while.

    ``until``: the last day on which it counts. ``backend``: a pattern (``*``, ``?``) of targets or of backends as the
    report names them; without one it is for all.
    """

    rule: str
    reason: str
    until: dt.date
    backend: str = "*"

    def is_for(self, report: Report) -> bool:
        """Whether this run is of the backend that it is about."""
        return fnmatchcase(report.target, self.backend) or fnmatchcase(report.backend, self.backend)


class _File(Struct, forbid_unknown_fields=True):
    waiver: list[Waiver]


def load(path: Path) -> list[Waiver]:
    """The waivers of a TOML file; `BadWaivers` when it can't be read as one."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File).waiver
    except OSError as error:
        raise BadWaivers(f"the waivers in {path} can't be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadWaivers(f"{path} is no TOML: {error}") from None
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BadWaivers(f"{path}: {error}; a waiver reads {EXAMPLE}") from None
    for place, waiver in enumerate(found):
        if not waiver.reason.strip():
            raise BadWaivers(f"{path}: {waiver.rule} is waived without a reason (`$.waiver[{place}]`): say why")
    return found


def apply(report: Report, waivers: Iterable[Waiver], today: dt.date) -> None:
    """Call broken rules waived where somebody said so in time, and say of every other waiver what became of it."""
    for waiver in waivers:
        if waiver.is_for(report):
            report.remarks += tuple(_apply(report, waiver, today))


def _apply(report: Report, waiver: Waiver, today: dt.date) -> Iterator[str]:
    finding = report.findings.get(waiver.rule)
    if finding is None:
        some = ", ".join(list(BY_ID)[:3])
        yield f"a waiver is for {waiver.rule!r}, and contract {CONTRACT} has no such rule: it begins with {some}, ..."
    elif waiver.until < today:
        ended = f"the waiver of {waiver.rule} ended on {waiver.until} ({waiver.reason})"
        yield f"{ended}; the rule is kept now: take it out" if finding.verdict is Verdict.KEPT else ended
    elif finding.verdict in (Verdict.BROKEN, Verdict.WAIVED):
        finding.verdict, finding.waiver = Verdict.WAIVED, waiver
    else:
        yield from _unneeded(finding)


def _unneeded(finding: Finding) -> Iterator[str]:
    """A rule that nobody asked for, or that could not be judged, says nothing about its waiver."""
    if finding.verdict is Verdict.KEPT:
        yield f"{finding.rule.id} is waived, and it is kept: take the waiver out"
    elif finding.verdict in (Verdict.REFUSED, Verdict.OUT_OF_SCOPE):
        yield f"{finding.rule.id} is waived, and it is {finding.verdict.words} here: the waiver does nothing"
