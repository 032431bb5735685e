"""MessagePack, for those who want bodies short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.coder import Coder
from jobkit.coders.json import JSON
from jobkit.coders.msgpack import MessagePack
from tests.core.kinds import KEPT, Color

CODER = MessagePack()


def test_it_is_a_coder_by_name() -> None:
    assert isinstance(CODER, Coder)
    assert CODER.name == "msgpack"


@pytest.mark.parametrize(("type", "value"), KEPT.items(), ids=[str(each) for each in KEPT])
def test_values_come_back_by_their_types(type: Any, value: object) -> None:
    CODER.supports(type)
    assert CODER.decode(CODER.encode(value), type) == value


def test_bytes_stay_bytes_without_an_annotation() -> None:
    value = {"data": b"\x00\xff", "rate": float("inf")}
    assert CODER.decode(CODER.encode(value), Any) == value


def test_it_is_shorter_than_json() -> None:
    value = {"user_id": 123456, "data": b"\x00" * 30}
    assert len(CODER.encode(value)) < len(JSON().encode(value))


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_a_value_error(body: bytes) -> None:
    try:
        CODER.decode(body, dict[str, int])
    except ValueError as error:
        assert str(error)  # noqa: PT017 - a body may be right by chance


def test_a_body_nested_too_deeply_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="the body is nested too deeply"):
        CODER.decode(b"\x91" * 100_000 + b"\x01", Any)


def test_errors_name_the_place_and_no_value() -> None:
    with pytest.raises(ValueError, match="Invalid value") as raised:
        CODER.decode(CODER.encode({"secret": "secret"}), dict[str, Color])
    assert "secret" not in str(raised.value)


def test_what_it_can_not_say_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="can't be encoded"):
        CODER.encode(object())
    with pytest.raises(TypeError, match="it does not know the type Path"):
        CODER.supports(Path)
