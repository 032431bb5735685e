"""The shape of a job's arguments: which were given, and of what kind; two calls of one shape travel alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast


def shape_of(arguments: Mapping[str, object]) -> str:
    """``user_id: int, items: list[Item(sku: str, price: Decimal)]``."""
    return ", ".join(f"{name}: {_kind(value)}" for name, value in arguments.items())


def _kind(value: object) -> str:
    name = "None" if value is None else type(value).__name__
    if (fields := _fields(value)) is not None:
        return f"{name}({', '.join(f'{field}: {_kind(each)}' for field, each in fields)})"
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)
        return f"{name}[{_kinds(items)}, {_kinds(items.values())}]" if items else name
    if isinstance(value, (list, tuple, set, frozenset)):
        members = cast("Iterable[object]", value)
        return f"{name}[{_kinds(members)}]" if value else name
    return name


def _kinds(values: Iterable[object]) -> str:
    return " | ".join(sorted({_kind(each) for each in values}))


def _fields(value: object) -> list[tuple[str, object]] | None:
    """Of a struct, a dataclass, an attrs class or a named tuple; None of all else."""
    names: Iterable[str] | None = next(
        (found for name in _LISTS if (found := getattr(value, name, None)) is not None), None
    )
    if names is None and (attributes := getattr(value, "__attrs_attrs__", None)) is not None:
        names = [each.name for each in attributes]
    return None if names is None else [(name, getattr(value, name)) for name in names]


_LISTS = ("__struct_fields__", "__dataclass_fields__", "_fields")
"""Where structs, dataclasses and named tuples list their fields."""
