"""A call's arguments as they travel, or why they can't."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.coders.json import JSON
from jobkit.enqueue.encode import encode_arguments
from jobkit.errors import LossyArgument
from jobkit.jobs.round_trip import first_difference
from jobkit.jobs.signature import Signature
from tests.core.kinds import KEPT, Color, Gift, Item, Size

CODER = JSON()


def signature_of(annotation: Any) -> Signature:
    """Of ``def send(it: annotation): ...``."""

    def send(it: Any) -> None: ...

    send.__annotations__["it"] = annotation
    return Signature(send, "shop.send")


def there_and_back(annotation: Any, value: object) -> object:
    signature = signature_of(annotation)
    return signature.decode(CODER, encode_arguments(signature, CODER, {"it": value}))["it"]


def bare(it) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001 - without an annotation on purpose


BARE = Signature(bare, "shop.send")


def refusal(signature: Signature, value: object) -> str:
    with pytest.raises(LossyArgument) as refused:
        encode_arguments(signature, CODER, {"it": value})
    return str(refused.value)


@pytest.mark.parametrize(("annotation", "value"), KEPT.items(), ids=[str(each) for each in KEPT])
def test_an_annotation_keeps_what_it_names(annotation: Any, value: object) -> None:
    assert first_difference(value, there_and_back(annotation, value), "it") is None


@pytest.mark.parametrize("value", KEPT.values(), ids=[str(each) for each in KEPT])
def test_without_it_the_value_is_refused_when_enqueued(value: object) -> None:
    assert "would" in refusal(BARE, value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
        max_leaves=12,
    )
)
def test_jsons_own_types_need_no_annotation(value: object) -> None:
    assert BARE.decode(CODER, encode_arguments(BARE, CODER, {"it": value})) == {"it": value}


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_any_datetime_is_kept_or_refused(value: Any) -> None:
    """An offset with seconds, as some zones had once, is what JSON's format can't say."""
    try:
        returned = there_and_back(type(value), value)
    except LossyArgument:
        offset = value.utcoffset()
        assert offset is not None
        assert offset.total_seconds() % 60
    else:
        assert isinstance(returned, type(value))
        assert (returned.replace(tzinfo=None), returned.utcoffset()) == (
            value.replace(tzinfo=None, fold=0),
            value.utcoffset(),
        )


@given(st.decimals() | st.uuids() | st.timedeltas() | st.dates() | st.times() | st.binary())
def test_any_value_of_a_named_kind_is_kept(value: object) -> None:
    assert first_difference(value, there_and_back(type(value), value), "it") is None


@pytest.mark.parametrize(
    ("value", "change", "annotation"),
    [
        (
            [{"a": None}, {"a": Decimal(2)}],
            "it[1][...]: decimal.Decimal would come back as str",
            "list[dict[str, Decimal | None]]",
        ),
        ([(1, 2)], "it[0]: tuple would come back as list", "list[tuple[int, ...]]"),
        (Color.RED, "it: tests.Color would come back as str", "Color"),
        ({1: 2}, "it key [...]: int would be lost", "dict[int, int]"),
    ],
)
def test_the_message_has_the_path_and_the_annotation_that_would_keep_it(
    value: object, change: str, annotation: str
) -> None:
    assert refusal(BARE, value) == f"shop.send: {change}; annotate the parameter, for example `it: {annotation}`"


def test_the_path_leads_into_fields() -> None:
    message = refusal(signature_of(list[Item]), [Item("a", Decimal(1)), Item("b", 2)])  # type: ignore[arg-type]
    assert message == (
        "shop.send: it[1].price: int would come back as decimal.Decimal; "
        "no annotation keeps it: pass it as decimal.Decimal"
    )


def test_a_subclass_would_lose_what_it_adds() -> None:
    assert refusal(signature_of(Item), Gift("a", Decimal(1))) == (
        "shop.send: it: tests.Gift would come back as tests.Item; annotate the parameter, for example `it: Gift`"
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("annotation", [Any, list[float]])
def test_numbers_are_finite(annotation: Any, number: float) -> None:
    expected = "shop.send: it[1]: float would be lost: the json coder has finite numbers only"
    assert refusal(signature_of(annotation), [1.0, number]) == expected


def test_an_int_may_stand_for_a_float_and_travels_as_one() -> None:
    returned = there_and_back(float, 3)
    assert (returned, type(returned)) == (3.0, float)


@pytest.mark.parametrize(
    ("annotation", "value", "why"),
    [
        (int, "3", "Expected `int`, got `str` - at `$.it`"),
        (int, True, "Expected `int`, got `bool` - at `$.it`"),
        (str, 3, "Expected `str`, got `int` - at `$.it`"),
        (list[int], [1, "x"], "Expected `int`, got `str` - at `$.it[1]`"),
        (dict[str, int], {"secret": "x"}, "Expected `int`, got `str` - at `$.it[...]`"),
        (Size, 7, "Invalid value - at `$.it`"),
        (str, None, "Expected `str`, got `null` - at `$.it`"),
    ],
)
def test_what_does_not_fit_its_annotation_is_refused(annotation: Any, value: object, why: str) -> None:
    message = refusal(signature_of(annotation), value)
    assert message == f"shop.send: the arguments do not fit their annotations: {why}"


class Handle:
    """What no coder knows."""


@pytest.mark.parametrize(
    ("value", "place", "kind"),
    [
        (Handle(), "it", "Handle"),
        ([1, {"a": Handle()}], "it[1][...]", "Handle"),
        (deque([1]), "it", "deque"),
        ((1, [2, {3j}]), "it[1][1][0]", "complex"),
    ],
)
def test_what_no_coder_knows_is_named_with_its_place(value: object, place: str, kind: str) -> None:
    assert refusal(BARE, value).startswith(f"shop.send: {place}: {kind} can't be stored: ")


def test_text_that_utf_8_can_not_carry_is_refused() -> None:
    assert refusal(BARE, ["\ud800"]).startswith("shop.send: it[0]: str can't be stored: ")


def _lists(value: object) -> object:
    return [value]


def _objects(value: object) -> object:
    return {"a": value}


@pytest.mark.parametrize("wrap", [_lists, _objects])
@pytest.mark.parametrize("depth", [400, 900, 5_000])
def test_what_is_nested_too_deeply_is_kept_or_refused(wrap: Callable[[object], object], depth: int) -> None:
    deep: object = 1
    for _ in range(depth):
        deep = wrap(deep)
    try:
        encode_arguments(BARE, CODER, {"it": deep})
    except LossyArgument as refused:
        assert "nested too deeply" in str(refused)  # noqa: PT017 - either is right
    else:
        assert depth < 900


class Kind(str):
    """As template engines and translations have them."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


def test_a_kind_of_str_is_stored_as_what_it_says() -> None:
    for annotation in (Any, str):
        returned = there_and_back(annotation, Kind("text"))
        assert (returned, type(returned)) == ("text", str)
    assert there_and_back(list[str], [Kind("text")]) == ["text"]


def test_what_was_not_given_does_not_travel() -> None:
    def send(user: int, template: str = "welcome", *more: int, **named: int) -> None: ...

    signature = Signature(send, "shop.send")
    assert encode_arguments(signature, CODER, {"user": 7}) == b'{"user":7}'


def test_a_default_that_no_coder_knows_is_the_performers_own() -> None:
    def send(user: int, handle: object = Handle()) -> None: ...

    signature = Signature(send, "shop.send")
    assert signature.decode(CODER, encode_arguments(signature, CODER, {"user": 7})) == {"user": 7}


class Forgetful(JSON):
    """A coder that breaks its promise."""

    def encode(self, value: object) -> bytes:
        return super().encode(value).replace(b"7", b"8")


def test_a_coder_that_changes_values_is_found_out() -> None:
    with pytest.raises(LossyArgument, match="it: int would come back with another value"):
        encode_arguments(signature_of(int), Forgetful(), {"it": 7})
