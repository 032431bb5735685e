"""Under which name a test keeps the jobs of each store that an app names: in this process and in its workers alike."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from jobkit.connections.resolver import Spec


def namespace_suffix(spec: Spec | None, namespace: str) -> str:
    """Eight characters that say which store of an app's this stands in for."""
    named = spec if spec is None or isinstance(spec, str) else import_path(spec)
    return f"{crc32(repr((named, namespace)).encode()):08x}"


def import_path(factory: object) -> str:
    """``module:name`` of a function or a class."""
    return f"{getattr(factory, '__module__', '')}:{getattr(factory, '__qualname__', type(factory).__qualname__)}"
