"""Reads the JSON of reports, and says what is wrong with one that is none, or only a part of one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from jobkit_conformance.reports.json_report import Document, Matrix, counts


class BadDocument(ValueError):
    """A file that is no whole report; the message says which, what is wrong, and what would be right."""


def read(path: Path) -> Document | Matrix:
    """The report in a file; `BadDocument` when there is none, or it is not whole."""
    try:
        found = decode(path.read_bytes())
    except OSError as error:
        raise BadDocument(f"the report {path} can't be read: {error.strerror}") from None
    except BadDocument as error:
        raise BadDocument(f"{path}: {error}") from None
    return found


def decode(text: bytes) -> Document | Matrix:
    """The report in a text of JSON."""
    try:
        found = msgspec.json.decode(text, type=Document | Matrix)
    except msgspec.ValidationError as error:
        raise BadDocument(
            f"no whole report of the kit: {error}; `jobkit conformance TARGET --json` writes one"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadDocument(f"no JSON, or only a part of one: {error}") from None
    for each in documents(found):
        _whole(each)
    return found


def decode_part(text: bytes) -> Document:
    """A report with some of its rules only, as it travels within one run."""
    return msgspec.json.decode(text, type=Document)


def documents(whole: Document | Matrix) -> list[Document]:
    """The reports of single backends in it."""
    return [whole] if isinstance(whole, Document) else whole.backends


def _whole(found: Document) -> None:
    counted = counts(entry.verdict for entry in found.rules)
    if counted != found.footer.counts:
        told = sum(found.footer.counts.values())
        raise BadDocument(
            f"the footer tells of {told} rules and other verdicts than the {len(found.rules)} rules in it: "
            "write the report anew"
        )
    twice = len(found.rules) - len({entry.id for entry in found.rules})
    if twice:
        raise BadDocument(f"{twice} rules are in it twice: write the report anew")
