"""Whether what comes back is what was given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit import redaction
from jobkit.jobs.round_trip import first_difference
from tests.core.kinds import KEPT, Address, Color, Event, Gift, Item, Point, Size

BERLIN = ZoneInfo("Europe/Berlin")
PLUS_ONE, PLUS_TWO = timezone(timedelta(hours=1)), timezone(timedelta(hours=2))


def said(given: object, returned: object) -> str | None:
    change = first_difference(given, returned, "it")
    return None if change is None else str(change)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_nothing_differs_from_itself(value: object) -> None:
    assert first_difference(value, value, "it") is None


@given(json_values, json_values)
def test_what_is_equal_and_of_the_same_types_is_faithful_and_nothing_else(one: object, other: object) -> None:
    alike = repr(one) == repr(other)  # of JSON's own types repr says both, but for the order of keys
    if alike:
        assert first_difference(one, other, "it") is None
    elif one != other:
        assert first_difference(one, other, "it") is not None


@pytest.mark.parametrize("value", KEPT.values(), ids=[str(each) for each in KEPT])
def test_every_kind_of_argument_is_faithful_to_its_like(value: object) -> None:
    again = msgspec.convert(msgspec.to_builtins(value), type(value)) if isinstance(value, Item | Event) else value
    assert first_difference(value, again, "it") is None


# Types.


@pytest.mark.parametrize(
    ("given", "returned", "text"),
    [
        (1, True, "it: int would come back as bool"),
        (True, 1, "it: bool would come back as int"),
        (1.0, 1, "it: float would come back as int"),
        ((1,), [1], "it: tuple would come back as list"),
        (Size.SMALL, 1, "it: tests.Size would come back as int"),
        (Color.RED, "red", "it: tests.Color would come back as str"),
        (Point(1, 2.0), (1, 2.0), "it: tests.Point would come back as tuple"),
        (Gift("a", Decimal(1)), Item("a", Decimal(1)), "it: tests.Gift would come back as tests.Item"),
        ({1}, frozenset({1}), "it: set would come back as frozenset"),
        ("a", None, "it: str would come back as NoneType"),
    ],
)
def test_another_type_is_a_change(given: object, returned: object, text: str) -> None:
    assert said(given, returned) == text


@pytest.mark.parametrize(
    ("given", "returned", "path"),
    [
        ([1, [2, (3,)]], [1, [2, [3]]], "it[1][1]"),
        (Item("a", Decimal(1)), Item("a", "1"), "it.price"),  # type: ignore[arg-type]  # as a careless coder would
        ([Item("a", Decimal(1))], [Item("a", Decimal(2))], "it[0].price"),
        (Address("a", 1), Address("a", "1"), "it.since"),  # type: ignore[arg-type]  # likewise
        (Event(1, b""), Event(1, bytearray()), "it.data"),  # type: ignore[arg-type]  # likewise
        ({"a": {"b": (1,)}}, {"a": {"b": [1]}}, "it[...][...]"),
        ({"a": 1}, {"b": 1}, "it key [...]"),
        ({True}, {1}, "it member"),
        ({1, 2}, {1}, "it member"),
        ([1, 2], [1], "it"),
        ({"a": 1}, {"a": 1, "b": 2}, "it"),
        ({1}, {1, 2}, "it"),
    ],
)
def test_the_path_leads_to_the_change(given: object, returned: object, path: str) -> None:
    change = first_difference(given, returned, "it")
    assert change is not None
    assert change.path == path


def test_keys_are_compared_by_type_too() -> None:
    assert said({1: "a"}, {True: "a"}) == "it key [...]: int would come back as bool"


def test_keys_are_arguments_too_and_shown_only_where_those_are() -> None:
    given, returned = {"secret": (1,)}, {"secret": [1]}
    assert said(given, returned) == "it[...]: tuple would come back as list"
    hide = redaction.show_arguments(shown=True)
    assert said(given, returned) == "it['secret']: tuple would come back as list"
    hide()


# What is stored as something else, on purpose.


class Name(str):
    __slots__ = ()


def test_kinds_of_str_are_stored_as_what_they_say() -> None:
    assert first_difference(Name("a"), "a", "it") is None
    assert said(Name("a"), "b") == "it: tests.Name would come back as str"


def test_an_int_may_stand_for_the_float_that_it_equals() -> None:
    assert first_difference([1], [1.0], "it") is None
    assert said(2**53 + 1, float(2**53)) == "it: int would come back as float"


# Values.


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        (0.0, -0.0),
        (1.5, 1.25),
        (Decimal("1.0"), Decimal("1.00")),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=PLUS_ONE)),
        (datetime(2026, 1, 1, microsecond=1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)),
        (time(1, tzinfo=BERLIN), time(1)),
        (b"a", b"b"),
        (Color.RED, Color.BLUE),
    ],
)
def test_another_value_of_the_same_type_is_a_change(given: object, returned: object) -> None:
    assert said(given, returned) == f"it: {_shown(given)} would come back with another value"


def _shown(value: object) -> str:
    kind = type(value)
    return (
        kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]}.{kind.__qualname__}"
    )


@pytest.mark.parametrize("number", [math.nan, Decimal("NaN"), Decimal("sNaN")])
def test_what_equals_nothing_is_faithful_when_it_is_the_same(number: Any) -> None:
    assert first_difference([number], [type(number)(str(number))], "it") is None


def test_two_datetimes_are_the_same_when_instant_and_offset_are() -> None:
    summer = datetime(2026, 7, 1, 12, tzinfo=BERLIN)
    assert first_difference(summer, datetime(2026, 7, 1, 12, tzinfo=PLUS_TWO), "it") is None


@pytest.mark.parametrize(("fold", "offset"), [(0, PLUS_TWO), (1, PLUS_ONE)])
def test_the_hour_that_autumn_repeats_is_kept(fold: int, offset: timezone) -> None:
    repeated = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold)
    assert repeated != datetime(2026, 10, 25, 2, 30, tzinfo=offset), "which is why == is not the question"
    assert first_difference(repeated, datetime(2026, 10, 25, 2, 30, tzinfo=offset), "it") is None


def test_naive_datetimes_are_kept_as_they_are() -> None:
    assert first_difference(datetime(2026, 1, 1), datetime(2026, 1, 1), "it") is None


# Whose fields.


class Private(msgspec.Struct):
    a: int = 0


@dataclass
class Hidden:
    shown: int
    kept: int = 0


def test_every_field_counts() -> None:
    assert said(Private(1), Private(2)) == "it.a: int would come back with another value"
    assert said(Hidden(1, 2), Hidden(1)) == "it.kept: int would come back with another value"


class Odd:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # equal to everything


def test_what_has_no_parts_is_asked_whether_it_is_equal() -> None:
    assert first_difference(Odd(), Odd(), "it") is None
    assert said(object(), object()) == "it: object would come back with another value"
