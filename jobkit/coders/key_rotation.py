"""What sealing coders share: their keys, and what a seal is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from jobkit.coder import purpose
from jobkit.errors import ConfigurationError

MAKE: Final = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"


def parse_keys(keys: str | bytes | Sequence[str | bytes]) -> list[bytes]:
    """The keys as bytes, the first one for sealing; no error shows any part of one."""
    stated = [keys] if isinstance(keys, (str, bytes)) else list(keys)
    if not stated:
        raise ConfigurationError(f"a sealing coder needs a key; to make one: {MAKE}")
    return [_checked(key, place) for place, key in enumerate(stated)]


def _checked(key: object, place: int) -> bytes:
    if not isinstance(key, (str, bytes)):
        raise ConfigurationError(f"key {place} is str or bytes, not {type(key).__name__}")
    if len(key) < 32:
        raise ConfigurationError(f"key {place} has {len(key)} characters, and at least 32 are needed: {MAKE}")
    return key.encode() if isinstance(key, str) else key


def associated_data(type: Any) -> bytes:
    """What a seal is bound to: the job whose arguments these are, so that no other job takes them."""
    return purpose(type).encode() + b"\0"
