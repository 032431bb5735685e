"""Data as one word, and back: what stands in a command that plays something again."""

from __future__ import annotations

import base64
import zlib
from typing import TypeVar

import msgspec
from msgspec import Struct

S = TypeVar("S", bound=Struct)


def encode(data: Struct) -> str:
    """Data as a word of letters, digits, ``-`` and ``_``."""
    packed = zlib.compress(msgspec.json.encode(data), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(word: str, kind: type[S]) -> S:
    """The data that a word stands for; ``ValueError`` when it stands for none."""
    try:
        packed = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
        return msgspec.json.decode(zlib.decompress(packed), type=kind)
    except (ValueError, zlib.error, msgspec.DecodeError) as error:
        raise ValueError(f"this replay token is damaged: {error}") from None
