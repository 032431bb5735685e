"""Values as code, as short as it can be and still run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, Final, cast

from msgspec import Struct
from msgspec.structs import FieldInfo, fields, replace

from jobkit.backend import Message

LONG: Final = 80
"""Bytes or characters that are still written out."""
NAMED: Final = 4
"""Items that are written out one by one, where there is a shorter way for many."""


class ValueWriter:
    """Writes values; a token that was delivered is spoken of by its delivery."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        """The names that the code needs."""
        self._deliveries: dict[str, str] = {}
        self._answers: dict[str, list[str]] = {}

    def name(self, tokens: Sequence[str]) -> str:
        """What the program calls the deliveries of one reserve, by their tokens."""
        if len(tokens) <= NAMED:
            for token in tokens:
                self._deliveries.setdefault(token, f"d{len(self._deliveries) + 1}")
            return f"[{', '.join(self._deliveries[token] for token in tokens)}]"
        name = f"r{len(self._answers) + 1}"
        self._answers[name] = list(tokens)
        self._deliveries |= {token: f"{name}[{place}]" for place, token in enumerate(tokens)}
        return name

    def source(self, value: object) -> str:
        """Code for a value."""
        match value:
            case Enum():
                self.used.add(type(value).__name__)
                return f"{type(value).__name__}.{value.name}"
            case Struct():
                return self._record(value)
            case str() if value in self._deliveries:
                return f"{self._deliveries[value]}.token"
            case str() | bytes() if len(value) > LONG:
                return _long(value)
            case bool():
                return repr(value)
            case int() if abs(value) >= 10_000:
                return f"{value:_}"
            case list() | tuple():
                return self._many(value)  # pyright: ignore[reportUnknownArgumentType]
            case _:
                return repr(value)

    def _record(self, value: Struct) -> str:
        self.used.add(type(value).__name__)
        stated: list[str] = []
        for place, each in enumerate(_fields(type(value))):
            given = getattr(value, each.name)
            if each.required and place < 3:
                stated.append(self.source(given))
            elif given != _default(each):
                stated.append(f"{each.name}={self.source(given)}")
        return f"{type(value).__name__}({', '.join(stated)})"

    def _many(self, values: Sequence[Any]) -> str:
        return self._whole_answer(values) or self._numbered(values) or f"[{', '.join(map(self.source, values))}]"

    def _whole_answer(self, values: Sequence[Any]) -> str | None:
        """The same for each delivery of one reserve."""
        tokens = [getattr(value, "token", None) for value in values]
        for name, answer in self._answers.items():
            if tokens == answer:
                shapes = {self._record(value).replace(f"{self.source(value.token)}", "d.token", 1) for value in values}
                if len(shapes) == 1:
                    return f"[{shapes.pop()} for d in {name}]"
        return None

    def _numbered(self, values: Sequence[Any]) -> str | None:
        """Messages that differ in nothing but a counted id."""
        if len(values) <= NAMED or not all(type(value) is Message for value in values):
            return None
        first: Message = values[0]
        found = re.fullmatch(r"(\D*)(\d+)", first.id) if type(first.id) is str else None
        if found is None:
            return None
        start, digits = int(found[2]), found[2]
        width = len(digits) if digits[0] == "0" and len(digits) > 1 else 0
        ids = [f"{found[1]}{number:0{width}}" for number in range(start, start + len(values))]
        if ids != [value.id for value in values] or any(replace(value, id=first.id) != first for value in values):
            return None
        counted = f"range({len(values)})" if start == 0 else f"range({start}, {start + len(values)})"
        pad = f":0{width}" if width else ""
        id = f'f"{found[1]}{{n{pad}}}"'
        return f"[{self._record(first).replace(repr(first.id), id, 1)} for n in {counted}]"


@cache
def _fields(kind: type[Struct]) -> tuple[FieldInfo, ...]:
    return fields(kind)


def _default(field: FieldInfo) -> object:
    factory: Any = field.default_factory
    return factory() if callable(factory) else field.default


def _long(value: str | bytes) -> str:
    """Long text or bytes by what they repeat, where they do."""
    for period in (1, 2, 3, 4, 8, 10, 16, 256):
        unit: Any = value[:period]
        times, over = divmod(len(value), period)
        if unit * times + unit[:over] == value:
            shown = "bytes(range(256))" if unit == bytes(range(256)) else repr(unit)
            return f"{shown} * {times:_}{f' + {unit[:over]!r}' if over else ''}"
    return f"{value[:LONG]!r} ..."


def short_repr(value: object, most: int = 60) -> str:
    """A value in few words: equal items of a list counted."""
    if isinstance(value, list):
        shown = [short_repr(each, most) for each in cast("list[object]", value)]
        if len(shown) > NAMED and len(set(shown)) == 1:
            return f"{len(shown)} x {shown[0]}"
        text = f"[{', '.join(shown)}]"
    else:
        text = ValueWriter().source(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def first_few(found: Mapping[str, object], most: int = 5) -> str:
    """What a mapping holds, when it may hold much."""
    shown = ", ".join(f"{name}: {value}" for name, value in list(found.items())[:most])
    return f"{shown}{f' and {len(found) - most} more' if len(found) > most else ''}"
