"""What a backend refuses before it stores anything."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from jobkit.backend import Dead, Done, Extension, Message, Release, RetryAt
from jobkit.backends.inline.backend import CAPABILITIES
from jobkit.clock import MAX_MS
from jobkit.errors import InvalidArgument, InvalidMessage, Unsupported
from jobkit.validation import (
    MAX_DURATION,
    check_cell,
    check_extensions,
    check_ids,
    check_messages,
    check_name,
    check_reserve,
    check_settlements,
)

LIMITED = replace(CAPABILITIES, max_body=10, max_batch=3, max_batch_bytes=60)
BARE = replace(
    CAPABILITIES,
    delay=False,
    priority=None,
    keys=False,
    remember=False,
    dead_letters=False,
    wait=False,
    checkpoints=False,
)
FINE = Message("id", "queue", b"body")


# Names.


@given(st.text(max_size=300))
def test_a_name_is_1_to_255_bytes_without_control_and_surrogate_code_points(name: str) -> None:
    allowed = not any(unicodedata.category(each) in ("Cc", "Cs") for each in name)
    if allowed and 1 <= len(name.encode()) <= 255:
        check_name("key", name)
    else:
        with pytest.raises(InvalidArgument, match="^key "):
            check_name("key", name)


@pytest.mark.parametrize("name", ["*", "?", "{a}", "a:b", "[x]", "%", " ", "é", "e\u0301", "😀", "x" * 255, "é" * 127])
def test_patterns_braces_and_colons_are_ordinary(name: str) -> None:
    check_name("queue", name)


@pytest.mark.parametrize("name", ["", "x" * 256, "é" * 128, "a\x00", "a\x7fb", "\x85", "\ud800", b"a", 7, None])
def test_other_names_are_refused_by_kind(name: object) -> None:
    with pytest.raises(InvalidMessage, match="^queue "):
        check_name("queue", name, InvalidMessage)


# Messages.


def refused(*changes: dict[str, Any]) -> str:
    with pytest.raises(InvalidMessage) as raised:
        check_messages([FINE, *(replace(FINE, **change) for change in changes)], LIMITED)
    return str(raised.value)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": ""}, "id is 1 to 255 bytes"),
        ({"queue": "a\n"}, "queue has a control or surrogate code point, U+000A, at 1"),
        ({"body": "text"}, "the body is bytes, not str"),
        ({"body": bytearray(b"x")}, "the body is bytes, not bytearray"),
        ({"body": b"x" * 11}, "the body has at most 10 bytes here, not 11"),
        ({"priority": 10}, "priority is 0 to 9 here, not 10"),
        ({"priority": -1}, "priority is 0 to 9 here, not -1"),
        ({"priority": True}, "priority is an int, not bool"),
        ({"at": 1, "after": 1}, "a message has at or after, not both"),
        ({"at": -1}, "at is 0 to 2**53 - 1 milliseconds, not -1"),
        ({"at": MAX_MS + 1}, "at is 0 to 2**53 - 1"),
        ({"at": 1.0}, "at is a whole number of milliseconds, not float"),
        ({"after": MAX_DURATION + 1}, "after is 0 to 2**52 - 1"),
        ({"after": -1}, "after is 0 to"),
        ({"key": ""}, "key is 1 to 255 bytes"),
        ({"remember": -1}, "remember is 0 to"),
        ({"headers": {"a": 1}}, "headers is a mapping of str to str"),
        ({"headers": [("a", "b")]}, "headers is a mapping of str to str, not list"),
        ({"headers": {"a": "\ud800"}}, "a header has a surrogate code point"),
    ],
)
def test_one_message_that_can_not_be_stored_refuses_the_batch(change: dict[str, Any], why: str) -> None:
    assert refused(change).startswith(why)


def test_a_batch_is_limited_in_items_and_bytes() -> None:
    assert refused({}, {}, {}) == "a batch has at most 3 items here, not 4"
    assert refused({"headers": {"a": "x" * 60}}).startswith("a batch has at most 60 bytes here, not ")


def test_a_batch_holds_messages() -> None:
    with pytest.raises(InvalidMessage, match="a batch holds messages, not str"):
        check_messages(["id"], CAPABILITIES)  # type: ignore[list-item]


@pytest.mark.parametrize(
    "change", [{"at": MAX_MS}, {"after": MAX_DURATION}, {"priority": 9}, {"body": b"x" * 10}, {"headers": {"": ""}}, {}]
)
def test_what_is_at_its_limit_is_fine(change: dict[str, Any]) -> None:
    check_messages([replace(FINE, **change)], LIMITED)


def test_the_empty_batch_is_fine() -> None:
    check_messages([], LIMITED)


@pytest.mark.parametrize(
    ("change", "capability"),
    [
        ({"at": 0}, "delay"),
        ({"after": 0}, "delay"),
        ({"priority": 1}, "priority"),
        ({"key": "k"}, "keys"),
        ({"remember": 1}, "remember"),
    ],
)
def test_what_is_not_claimed_is_unsupported_by_name(change: dict[str, Any], capability: str) -> None:
    with pytest.raises(Unsupported) as raised:
        check_messages([replace(FINE, **change)], BARE)
    assert raised.value.capability == capability


# The other verbs.


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"queues": "mail"}, "reserve takes a list of queues"),
        ({"queues": []}, "reserve takes a list of queues, at least one"),
        ({"queues": ["a", "a"]}, "reserve takes each queue once"),
        ({"queues": ["\n"]}, "queue has a control"),
        ({"limit": 0}, "limit is 1 to 3 here, not 0"),
        ({"limit": 4}, "limit is 1 to 3 here, not 4"),
        ({"limit": True}, "limit is 1 to 3 here, not True"),
        ({"lease": 0}, "lease is 1 to"),
        ({"lease": 1.5}, "lease is a whole number"),
        ({"wait": -1}, "wait is 0 to"),
    ],
)
def test_a_reserve_that_makes_no_sense_is_refused(change: dict[str, Any], why: str) -> None:
    asked = {"queues": ["a", "b"], "limit": 3, "lease": 1, "wait": 1, "capabilities": LIMITED, **change}
    with pytest.raises(InvalidArgument) as raised:
        check_reserve(**asked)
    assert str(raised.value).startswith(why)


@pytest.mark.parametrize(
    ("settlement", "why"),
    [
        (RetryAt("t"), "a retry has at or after, one of them"),
        (RetryAt("t", at=1, after=1), "a retry has at or after, one of them"),
        (RetryAt("t", at=-1), "at is 0 to"),
        (RetryAt("t", after=MAX_DURATION + 1), "after is 0 to"),
        (Dead("t", 7), "a reason is a str, not int"),  # type: ignore[arg-type]
        (Done(7), "a token is a str, not int"),  # type: ignore[arg-type]
        ("done", "not a settlement: str"),
    ],
)
def test_a_settlement_that_makes_no_sense_is_refused(settlement: Any, why: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        check_settlements([Release("t"), settlement], CAPABILITIES)
    assert str(raised.value).startswith(why)


@pytest.mark.parametrize(
    ("check", "capability"),
    [
        (lambda: check_reserve(["a"], 1, 1, 1, BARE), "wait"),
        (lambda: check_settlements([Dead("t", "x")], BARE), "dead_letters"),
        (lambda: check_settlements([RetryAt("t", after=1)], BARE), "delay"),
        (lambda: check_settlements([RetryAt("t", at=1)], BARE), "delay"),
        (lambda: check_extensions([Extension("t", 1, b"x")], BARE), "checkpoints"),
    ],
)
def test_verbs_need_their_options(check: Callable[[], None], capability: str) -> None:
    with pytest.raises(Unsupported) as raised:
        check()
    assert raised.value.capability == capability


def test_a_retry_at_once_needs_no_delay() -> None:
    check_settlements([RetryAt("t", after=0)], BARE)


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        (Extension("t", 0), "lease is 1 to"),
        (Extension(7, 1), "a token is a str"),  # type: ignore[arg-type]
        ("t", "not an extension: str"),
        (Extension("t", 1, "text"), "a checkpoint is bytes, not str"),  # type: ignore[arg-type]
        (Extension("t", 1, bytes(11)), "a checkpoint has at most 10 bytes here, not 11"),
    ],
)
def test_an_extension_that_makes_no_sense_is_refused(extension: Any, why: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^{why}"):
        check_extensions([extension], LIMITED)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (("", b"x", 0), "cell is 1 to 255 bytes"),
        (("c", "x", 0), "a cell's value is bytes, not str"),
        (("c", bytes(11), 0), "a cell's value has at most 10 bytes here, not 11"),
        (("c", b"x", -1), "an expected version is 0 (absent) to 2**53 - 1, not -1"),
        (("c", b"x", True), "an expected version is 0 (absent) to 2**53 - 1, not True"),
    ],
)
def test_a_cell_that_makes_no_sense_is_refused(cell: tuple[Any, Any, Any], why: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        check_cell(*cell, LIMITED)
    assert str(raised.value).startswith(why)


@pytest.mark.parametrize(
    ("ids", "why"), [("id", "ids is a list of str"), ([""], "id is 1 to"), (["a"] * 4, "a batch has")]
)
def test_ids_are_checked(ids: Any, why: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^{why}"):
        check_ids(ids, LIMITED)
