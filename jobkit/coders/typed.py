"""What the coders on msgspec share: which types they can't carry, and errors that quote no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, cast

import msgspec

from jobkit.redaction import printable


def plain(format: str) -> Callable[[object], object]:
    """A hook for an encoder: subclasses of str are stored as what they say; frameworks hand out many."""

    def hook(value: object) -> object:
        if isinstance(value, str):
            return str.__str__(value)
        raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} can't be encoded as {format}")

    return hook


def supports(type: Any, known: Sequence[type]) -> None:
    """``TypeError`` for a type with a part that is none of msgspec's, and that no value of a known type is."""
    for foreign in _foreign(type, known):
        raise TypeError(f"it does not know the type {foreign.__qualname__}")


class Decoder(Protocol):
    """One of msgspec's."""

    def decode(self, body: bytes, /) -> Any: ...


def decoded(decoder: Decoder, body: bytes) -> Any:
    """The value in a body, or a ``ValueError`` that quotes none."""
    try:
        return decoder.decode(body)
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise ValueError(without_values(error)) from None


_PLACE = re.compile(r" - at (?:`key` in )?`\$[^`\s]*`$")


def without_values(error: msgspec.ValidationError) -> str:
    """The message, but for the values that some of them quote; what it says is for one line."""
    text = printable(str(error))
    if error.__cause__ is None and not text.startswith(("Invalid value", "Invalid enum value")):
        return text
    place = _PLACE.search(text)
    return f"Invalid value{place.group() if place else ''}"


def _foreign(annotation: Any, known: Sequence[type]) -> Iterator[type]:
    """The classes in an annotation that msgspec leaves to hooks, and that no decoded value is an instance of.

    What msgspec itself can't tell apart is its own ``TypeError``.
    """
    from msgspec import inspect

    pending: list[object] = [inspect.type_info(annotation)]
    seen: set[int] = set()
    while pending:
        each = pending.pop()
        if isinstance(each, inspect.CustomType):
            if not any(_is_a(each_known, each.cls) for each_known in known):
                yield each.cls
        elif isinstance(each, (tuple, list)):
            pending.extend(cast("list[object]", each))
        elif isinstance(each, (inspect.Type, inspect.Field)) and id(each) not in seen:
            seen.add(id(each))
            pending.extend(getattr(each, name) for name in each.__struct_fields__)


def _is_a(plain: type, wanted: type) -> bool:
    try:
        return issubclass(plain, wanted)
    except TypeError:  # protocols that say nothing at run time
        return False
