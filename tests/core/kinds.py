"""Values of every kind that an argument may have, with the annotation that keeps each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import attrs
import msgspec


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


@dataclass
class Item:
    name: str
    price: Decimal
    tags: list[str] = field(default_factory=list[str])


@dataclass
class Gift(Item):
    wrapped: bool = True


@attrs.define
class Address:
    street: str
    since: date


class Point(NamedTuple):
    x: int
    y: float


class Event(msgspec.Struct):
    at: datetime
    data: bytes


class Row(TypedDict):
    id: UUID
    size: Size


KEPT: dict[Any, Any] = {
    datetime: datetime(2026, 7, 8, 9, 10, 11, 123456, tzinfo=UTC),
    datetime | None: datetime(2026, 7, 8, 9, 10),
    date: date(2026, 7, 8),
    time: time(9, 10, 11, 12),
    timedelta: timedelta(days=3, microseconds=5),
    UUID: UUID(int=7),
    Decimal: Decimal("1.50"),
    Color: Color.RED,
    Size: Size.LARGE,
    bytes: b"\x00\xff",
    bytearray: bytearray(b"\x00\xff"),
    tuple[int, str]: (1, "a"),
    tuple[Decimal, ...]: (Decimal(1), Decimal(2)),
    set[int]: {1, 2},
    frozenset[str]: frozenset({"a"}),
    Item: Item("tea", Decimal("2.00"), ["hot"]),
    Gift: Gift("tea", Decimal(2), [], wrapped=False),
    Address: Address("Main Street", date(2020, 1, 1)),
    Point: Point(1, 2.5),
    Event: Event(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))), b"x"),
    Row: Row(id=UUID(int=3), size=Size.SMALL),
    dict[int, UUID]: {1: UUID(int=1)},
    list[dict[str, Item]]: [{"a": Item("tea", Decimal(2))}],
}
"""By annotation: a value that comes back as it was, and that JSON alone would change."""
