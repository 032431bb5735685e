"""JSON by msgspec: the default coder. Readable, quick, and typed by the job's signature."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, cast

import msgspec


class JSON:
    """Arguments as one JSON object."""

    name: Final = "json"

    def encode(self, value: object) -> bytes:
        return _ENCODER.encode(value)

    def decode(self, body: bytes, type: Any) -> Any:
        try:
            return _decoder(type).decode(body)
        except RecursionError:
            raise ValueError("the body is nested too deeply") from None
        except msgspec.ValidationError as error:
            raise ValueError(_without_values(error)) from None

    def supports(self, type: Any) -> None:
        for foreign in _foreign(type):
            raise TypeError(f"it does not know the type {foreign.__qualname__}")


def _plain(value: object) -> object:
    """Subclasses of str are stored as what they say; frameworks hand out many."""
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} can't be encoded as JSON")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


_PLACE = re.compile(r" - at (?:`key` in )?`\$[^`\s]*`$")


def _without_values(error: msgspec.ValidationError) -> str:
    """The message, but for the values that some of them quote."""
    text = str(error)
    if error.__cause__ is None and not text.startswith(("Invalid value", "Invalid enum value")):
        return text
    place = _PLACE.search(text)
    return f"Invalid value{place.group() if place else ''}"


_JSON: Final = (str, int, float, bool, list, dict, type(None))


def _foreign(annotation: Any) -> Iterator[type]:
    """The classes in an annotation that msgspec leaves to hooks, and that no value out of JSON is an instance of.

    What msgspec itself can't tell apart is its own ``TypeError``.
    """
    from msgspec import inspect

    pending: list[object] = [inspect.type_info(annotation)]
    seen: set[int] = set()
    while pending:
        each = pending.pop()
        if isinstance(each, inspect.CustomType):
            if not any(_is_a(plain, each.cls) for plain in _JSON):
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
