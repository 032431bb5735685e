"""The annotation that would keep a value."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from jobkit.coders.json import JSON
from jobkit.enqueue.annotation_hint import infer_annotation, shown, suggest_annotation
from jobkit.jobs.round_trip import RoundTripError, first_difference
from tests.core.kinds import KEPT, Color, Gift, Item, Point

CODER = JSON()

LOST = RoundTripError("it", object, None)

GIVE_UP = "no annotation keeps it: pass what it is made of, and make it again in the job"


def proposed(name: str, value: Any) -> str:
    return suggest_annotation(CODER, name, value, LOST)


@pytest.mark.parametrize("value", [value for kind, value in KEPT.items() if kind is not list], ids=repr)
def test_it_keeps_the_value_through_the_coder(value: object) -> None:
    annotation = infer_annotation(value)
    if isinstance(value, dict) and "id" in value:
        return  # a TypedDict is a dict at run time, and knows no name: its parts are of two kinds
    returned = CODER.decode(CODER.encode(value), annotation)
    assert first_difference(value, returned, "it") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (datetime(2026, 1, 1), "datetime"),
        (Color.RED, "Color"),
        (Item("a", Decimal(1)), "Item"),
        (Point(1, 2), "Point"),
        ((1, "a"), "tuple[int, str]"),
        ((1, 2, 3), "tuple[int, ...]"),
        ((), "tuple"),
        ({1, 2}, "set[int]"),
        (frozenset({"a"}), "frozenset[str]"),
        ([Decimal(1), None], "list[Decimal | None]"),
        ([[Decimal(1)], []], "list[list[Decimal]]"),
        ([{"a": 1}, {"b": None}], "list[dict[str, None | int]]"),
        ([(1, "a"), (2, "b")], "list[tuple[int, str]]"),
        ([(1, "a"), ()], "list[tuple[int | str, ...]]"),
        ({1: b""}, "dict[int, bytes]"),
        ({"a": {"b": (1,)}}, "dict[str, dict[str, tuple[int, ...]]]"),
        ([1, "a", None], "list[None | int | str]"),
    ],
)
def test_it_reads_as_one_writes_it(value: object, text: str) -> None:
    assert shown(infer_annotation(value)) == text


def test_it_is_proposed_for_the_whole_parameter() -> None:
    prices = [{"tea": Decimal("2.00")}]
    assert proposed("prices", prices) == "annotate the parameter, for example `prices: list[dict[str, Decimal]]`"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("*prices", (Decimal(1), Decimal(2)), "`*prices: Decimal`"),
        ("*prices", (Decimal(1), None), "`*prices: Decimal | None`"),
        ("**by_name", {"a": {1}}, "`**by_name: set[int]`"),
    ],
)
def test_starred_parameters_are_annotated_by_their_items(name: str, value: Any, text: str) -> None:
    assert proposed(name, value) == f"annotate the parameter, for example {text}"


class Record(dict[str, int]):
    pass


@pytest.mark.parametrize(
    "value",
    [
        OrderedDict(a=1),
        defaultdict(int, a=1),
        Record(a=1),
        [datetime(2026, 1, 1), "a"],  # JSON has one kind of text
        {"a": [Item("a", Decimal(1)), Gift("a", Decimal(1))]},  # and one kind of object
        object(),
        1j,
    ],
)
def test_none_is_proposed_that_would_not_do(value: object) -> None:
    assert proposed("it", value) == GIVE_UP


def test_what_is_nested_too_deeply_gets_an_answer() -> None:
    deep: Any = Decimal(1)
    for _ in range(3_000):
        deep = [deep]
    assert proposed("it", deep) == GIVE_UP


def test_instead_of_it_one_may_pass_what_would_come_back() -> None:
    change = RoundTripError("it", OrderedDict, dict)
    assert suggest_annotation(CODER, "it", OrderedDict(a=1), change) == "no annotation keeps it: pass it as dict"
