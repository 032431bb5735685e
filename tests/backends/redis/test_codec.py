"""How messages, references and tokens are written and read back."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.backend import Message
from jobkit.backends.redis.codec import SEQ_BYTES, JobRef, pack, read_ref, read_token, token, unpack, unpack_or_damaged
from jobkit.backends.redis.keys import Keys

names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
times = st.none() | st.integers(0, 2**53 - 1)
messages = st.builds(
    Message,
    id=names,
    queue=names,
    body=st.binary(max_size=100),
    priority=st.integers(0, 9),
    at=times,
    key=st.none() | names,
    remember=times,
    headers=st.dictionaries(names, st.text(st.characters(exclude_categories=["Cs"]))),
)


@given(messages)
def test_a_message_comes_back(message: Message) -> None:
    assert unpack(message.id, bytes(SEQ_BYTES) + pack(message)) == message


@given(messages)
def test_equal_messages_are_packed_into_equal_bytes(message: Message) -> None:
    other = Message(
        message.id,
        message.queue,
        message.body,
        message.priority,
        message.at,
        message.after,
        message.key,
        message.remember,
        dict(reversed(list(message.headers.items()))),
    )
    assert pack(other) == pack(message)


@given(messages, st.binary(min_size=SEQ_BYTES, max_size=SEQ_BYTES))
def test_a_token_says_where_its_job_is(message: Message, place: bytes) -> None:
    ref = JobRef.of(message, place)
    assert read_ref(str(ref)) == ref
    assert read_token(token("secret", ref)) == ("secret", str(ref), ref)


@given(st.text())
def test_what_was_never_issued_is_read_as_nothing_or_as_a_reference(text: str) -> None:
    found = read_token(text)
    assert found is None or isinstance(found[2], JobRef)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "s.0.zz.0.1.1.abc", "s.\ud800.00.0.1.1.abc", "s.0.00.0.1.x.abc"])
def test_damaged_tokens_are_nobodys(text: str) -> None:
    assert read_token(text) is None


def test_what_is_damaged_is_handed_over_as_it_is() -> None:
    message = unpack_or_damaged("a", b"\x00\x00\x00\x00\x00\x01\xc1", "q", 3)
    assert (message.id, message.queue, message.priority) == ("a", "q", 3)
    assert message.body == b"\x00\x00\x00\x00\x00\x01\xc1"
    assert "damaged" in message.headers


@given(names, names)
def test_no_name_leaves_its_place_among_the_keys(namespace: str, queue: str) -> None:
    keys = Keys(namespace)
    allowed = set(string.ascii_letters + string.digits + "%_.-~:")
    for key in (keys.waiting(queue, 9), keys.dead(queue), keys.bell(queue)):
        tag = key.removeprefix("jobkit:{").partition("}:")
        assert tag[1] == "}:"
        assert set(tag[0] + tag[2]) <= allowed
    assert Keys(namespace + "x").jobs != keys.jobs


def test_prefixes_of_names_do_not_meet() -> None:
    assert Keys("a").waiting("b:c", 1) != Keys("a").waiting("b", 1)
    assert Keys("a}:x").prefix.count("}") == 1
    composed, decomposed = "\u00e9", "e\u0301"
    assert Keys(composed).prefix != Keys(decomposed).prefix, "names are compared byte by byte, never normalised"
