"""Whether what comes back is what was given: equal and of the same type, all the way down.

``==`` is not the question: ``(1,) == (1,)`` but JSON brings a list, ``IntEnum`` members equal their ints, and a
dataclass loses the fields of its subclass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from jobkit.redaction import redacted_key

_PLAIN = frozenset({str, int, bool, type(None)})
"""Of these ``==`` is all there is to say."""


@dataclass(frozen=True, slots=True)
class RoundTripError:
    """What would come back changed: where, and from which type to which."""

    path: str
    given: type
    returned: type | None

    def __str__(self) -> str:
        if self.returned is self.given:
            return f"{self.path}: {named(self.given)} would come back with another value"
        if self.returned is None:
            return f"{self.path}: {named(self.given)} would be lost"
        return f"{self.path}: {named(self.given)} would come back as {named(self.returned)}"


def first_difference(given: object, returned: object, path: str) -> RoundTripError | None:
    """The first difference between what was given and what would come back; None when there is none."""
    kind = type(given)
    if kind in _PLAIN and type(returned) is kind and given == returned:
        return None
    return next(_changes(given, returned, path), None)


def _changes(given: Any, returned: Any, path: str) -> Iterator[RoundTripError]:
    if type(given) is not type(returned):
        if not _stored_alike(given, returned):
            yield RoundTripError(path, _kind(given), _kind(returned))
        return
    for kind, changes in _PARTS:
        if isinstance(given, kind):
            yield from changes(given, returned, path)
            return
    names = _fields(given)
    for name in names or ():
        yield from _changes(getattr(given, name), getattr(returned, name), f"{path}.{name}")
    if names is None and not _same(given, returned):
        yield RoundTripError(path, _kind(given), _kind(returned))


def _stored_alike(given: object, returned: object) -> bool:
    """An int where a float was asked for is stored as that float; a kind of str as what it says."""
    if type(given) is int and type(returned) is float:
        return given == returned
    if isinstance(given, str) and not isinstance(given, Enum) and type(returned) is str:
        return str.__eq__(given, returned)
    return False


def _mapping_changes(
    given: Mapping[object, object], returned: Mapping[object, object], path: str
) -> Iterator[RoundTripError]:
    twins = {key: key for key in returned}
    for key, value in given.items():
        shown = redacted_key(key)
        if key not in twins:
            yield RoundTripError(f"{path} key {shown}", _kind(key), None)
            continue
        yield from _changes(key, twins[key], f"{path} key {shown}")
        yield from _changes(value, returned[key], f"{path}{shown}")
    if len(given) != len(returned):
        yield RoundTripError(path, _kind(given), _kind(returned))


def _sequence_changes(given: Sequence[object], returned: Sequence[object], path: str) -> Iterator[RoundTripError]:
    if len(given) != len(returned):
        yield RoundTripError(path, _kind(given), _kind(returned))
    for place, (one, other) in enumerate(zip(given, returned, strict=False)):
        yield from _changes(one, other, f"{path}[{place}]")


def _set_changes(given: AbstractSet[object], returned: AbstractSet[object], path: str) -> Iterator[RoundTripError]:
    twins = {member: member for member in returned}
    for member in given:
        if member not in twins:
            yield RoundTripError(f"{path} member", _kind(member), None)
            return
        yield from _changes(member, twins[member], f"{path} member")
    if len(given) != len(returned):
        yield RoundTripError(path, _kind(given), _kind(returned))


_PARTS: Final[Sequence[tuple[type | tuple[type, ...], Callable[[Any, Any, str], Iterator[RoundTripError]]]]] = (
    (Mapping, _mapping_changes),
    ((list, tuple), _sequence_changes),
    (AbstractSet, _set_changes),
)
"""What is compared part by part."""


def _fields(value: object) -> list[str] | None:
    """The fields of dataclasses, attrs classes and msgspec structs."""
    kind: Any = _kind(value)
    if hasattr(kind, "__struct_fields__"):
        return list(kind.__struct_fields__)
    if is_dataclass(kind):
        return [each.name for each in fields(kind)]
    if hasattr(kind, "__attrs_attrs__"):
        return [each.name for each in kind.__attrs_attrs__]
    return None


def _same(given: Any, returned: Any) -> bool:
    match given:
        case float():
            return repr(given) == repr(returned)  # 0.0 is not -0.0, and NaN equals nothing
        case Decimal():
            return str(given) == str(returned)  # 1.0 is not 1.00, and NaN equals nothing
        case datetime() | time():
            return _same_instant(given, returned)
        case _:
            return bool(given == returned)


def _same_instant(given: Any, returned: Any) -> bool:
    """The instant and the offset are kept, a zone's name is not.

    Compared as the clocks read: in the hour that autumn repeats, a time of one zone equals no time of another.
    """
    bare, returned_bare = given.replace(tzinfo=None, fold=0), returned.replace(tzinfo=None, fold=0)
    same_kind = (given.tzinfo is None) == (returned.tzinfo is None)
    return bool(same_kind and bare == returned_bare and given.utcoffset() == returned.utcoffset())


def _kind(value: object) -> type:
    return type(value)


def named(kind: type) -> str:
    """A type's name, with the package that it is from."""
    return (
        kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]}.{kind.__qualname__}"
    )
