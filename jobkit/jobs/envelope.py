"""What a job is on its way: one call to be made later, and how it travels in a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from jobkit.errors import Undecodable
from jobkit.redaction import redacted

VERSION: Final = 1
"""Of the envelope. A later version may add headers, which earlier ones pass on unread."""

_JOB, _VERSION, _CODER = "job", "v", "coder"
RESERVED: Final = frozenset({_JOB, _VERSION, _CODER})
"""Header names that belong to the envelope; all others are metadata."""


class Envelope(Struct, frozen=True):
    """One call to be made later: whose, how its arguments are encoded, and what travels along."""

    job: str
    coder: str
    arguments: bytes
    metadata: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"<{self.job} by {self.coder}: {redacted(self.arguments)}>"

    def headers(self) -> dict[str, str]:
        return {_JOB: self.job, _VERSION: str(VERSION), _CODER: self.coder, **self.metadata}


def parse_envelope(headers: Mapping[str, str], body: bytes) -> Envelope:
    """What a message holds; `Undecodable` when it holds no job, or one that a later jobkit wrote."""
    try:
        job, version, coder = headers[_JOB], headers[_VERSION], headers[_CODER]
    except KeyError as missing:
        raise Undecodable(f"the message has no header {missing}, so it is no job of jobkit's") from None
    if version != str(VERSION):
        raise Undecodable(f"the message is an envelope of version {version[:20]!r}; this jobkit reads {VERSION}")
    return Envelope(job, coder, body, metadata(headers))


def metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """What travels along with a job, beside what the envelope itself needs."""
    return {name: value for name, value in headers.items() if name not in RESERVED}
