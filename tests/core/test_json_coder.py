"""The default coder."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.coder import Coder
from jobkit.coders.json import JSON
from tests.core.kinds import KEPT, Color

CODER = JSON()


def test_it_is_a_coder_by_name() -> None:
    assert isinstance(CODER, Coder)
    assert CODER.name == "json"


@pytest.mark.parametrize(("type", "value"), KEPT.items(), ids=[str(each) for each in KEPT])
def test_values_come_back_by_their_types(type: Any, value: object) -> None:
    assert CODER.decode(CODER.encode(value), type) == value


def test_bodies_are_readable() -> None:
    assert CODER.encode({"user_id": 7, "template": "grün"}) == '{"user_id":7,"template":"grün"}'.encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_a_value_error(body: bytes) -> None:
    try:
        CODER.decode(body, dict[str, int])
    except ValueError as error:
        assert str(error)  # noqa: PT017 - a body may be right by chance


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
def test_a_body_nested_too_deeply_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="the body is nested too deeply"):
        CODER.decode(body, Any)


def test_a_body_names_no_code_to_run() -> None:
    assert CODER.decode(b'{"__class__":"os.system","py/object":"os.system"}', Any) == {
        "__class__": "os.system",
        "py/object": "os.system",
    }


class Dog(msgspec.Struct, tag="dog"):
    name: str


class Cat(msgspec.Struct, tag="cat"):
    name: str


class Code(Enum):
    A = 1


@dataclass
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(f"{self.number} is odd")


@pytest.mark.parametrize(
    ("type", "body", "message"),
    [
        (Color, b'"secret"', "Invalid value"),
        (Color, b'"secret` - at `$.x`"', "Invalid value"),
        (dict[str, Color], b'{"secret":"secret"}', "Invalid value - at `$[...]`"),
        (list[Code], b"[1,4711]", "Invalid value - at `$[1]`"),
        (Literal["a", "b"], b'"secret"', "Invalid value"),
        (list[Dog | Cat], b'[{"type":"secret","name":"x"}]', "Invalid value - at `$[0].type`"),
        (list[Even], b'[{"number":4711}]', "Invalid value - at `$[0]`"),
        (dict[Color, int], b'{"secret":1}', "Invalid value - at `key` in `$`"),
        (int, b'"secret"', "Expected `int`, got `str`"),
        (dict[str, int], b'{"secret":"x"}', "Expected `int`, got `str` - at `$[...]`"),
    ],
)
def test_errors_name_the_place_and_no_value(type: Any, body: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=".") as raised:
        CODER.decode(body, type)
    assert str(raised.value) == message
    assert raised.value.__suppress_context__, "what a traceback would print beneath it quotes the value"


@pytest.mark.parametrize("value", [object(), 1j, {(1, 2): 3}, [iter([])], b"x".__len__])
def test_what_json_can_not_say_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="can't be encoded as JSON"):
        CODER.encode(value)


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"


def test_a_kind_of_str_is_stored_as_what_it_says() -> None:
    assert CODER.encode([Loud("quiet"), {Loud("key"): 1}]) == b'["quiet",{"key":1}]'


class Tree(msgspec.Struct):
    children: list[Tree]
    parent: Tree | None = None


class Reads(Protocol):
    def read(self) -> bytes: ...


@pytest.mark.parametrize("type", [Path, list[Path], dict[str, Path | None], Iterator[int], Reads, Loud])
def test_types_that_would_never_be_decoded_are_not_supported(type: Any) -> None:
    with pytest.raises(TypeError, match="it does not know the type "):
        CODER.supports(type)


@pytest.mark.parametrize(
    "type",
    [*KEPT, Tree, Any, object, Hashable, Sequence[int], Annotated[dict[str, int], msgspec.Meta(extra={"a": 1})]],
    ids=str,
)
def test_all_others_are(type: Any) -> None:
    CODER.supports(type)
