"""The files: one a job, sorted, with a payload a shape; what is there stays as it is until somebody records anew."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Payload:
    """One stored job: whose, from which module, of which shape, and how its arguments travelled."""

    job: str
    module: str
    shape: str
    version: str
    coder: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {"job": self.job, "v": self.version, "coder": self.coder}

    @property
    def shown(self) -> str:
        """The body, where it is text."""
        return self.body.decode("utf-8", "backslashreplace")


def read(file: Path) -> list[Payload]:
    """What a file holds; `pytest.UsageError` if nobody can have meant that."""
    try:
        found = json.loads(file.read_text("utf-8"))
        return [
            Payload(found["job"], found["module"], each["shape"], each["version"], each["coder"], _body(each))
            for each in found["payloads"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise pytest.UsageError(
            f"{file}: this is no file of stored payloads ({type(error).__name__}: {error}); "
            "restore it, or remove it and run pytest --jobkit-payloads=record"
        ) from error


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


@dataclass
class WriteResult:
    """What became of a folder."""

    added: int = 0
    dropped: int = 0
    kept: int = 0


def write(folder: Path, seen: Iterable[Payload], stale: set[tuple[str, str]]) -> WriteResult:
    """Add a payload for each shape that has none, drop the stale (by file and shape), keep all others to the byte."""
    done, by_name = WriteResult(), _by_file(seen)
    for name in sorted({*by_name, *(file.name for file in files(folder))}):
        file = folder / name
        before = read(file) if file.exists() else []
        kept = {each.shape: each for each in before if (name, each.shape) not in stale}
        after = {**by_name.get(name, {}), **kept}
        done.kept += len(kept)
        done.dropped += len(before) - len(kept)
        done.added += len(after) - len(kept)
        if not after:
            file.unlink()
        elif list(after) != [each.shape for each in before]:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(_text([after[shape] for shape in sorted(after)]), "utf-8")
    return done


def _by_file(seen: Iterable[Payload]) -> dict[str, dict[str, Payload]]:
    """Of several of one shape the shortest, whichever came first."""
    found: dict[str, dict[str, Payload]] = {}
    for each in sorted(seen, key=lambda payload: (len(payload.body), payload.body)):
        found.setdefault(f"{quote(each.job, safe='')}.json", {}).setdefault(each.shape, each)
    return found


def _text(payloads: list[Payload]) -> str:
    stored = [
        {"shape": each.shape, "version": each.version, "coder": each.coder, **_stored(each.body)} for each in payloads
    ]
    found = {"job": payloads[0].job, "module": payloads[0].module, "payloads": stored}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _stored(body: bytes) -> dict[str, Any]:
    """Readable, where that gives back the same bytes."""
    try:
        value = json.loads(body)
        if _compact(value) == body:
            return {"body": value}
    except ValueError:
        pass
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _body(stored: dict[str, Any]) -> bytes:
    if "body" in stored:
        return _compact(stored["body"])
    return stored["text"].encode() if "text" in stored else base64.b64decode(stored["base64"], validate=True)


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
