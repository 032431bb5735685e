"""Where commands and replies end in RESP, however they are cut on their way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.testing.redis.resp import RespSplitter

REPLIES = [
    b"+OK\r\n",
    b"-ERR no\r\n",
    b":12\r\n",
    b"$-1\r\n",
    b"*-1\r\n",
    b"*0\r\n",
    b"$0\r\n\r\n",
    b"$4\r\n\r\n*1\r\n",
    b"*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n",
    b"%1\r\n+a\r\n:1\r\n",
    b"_\r\n",
    b"=7\r\ntxt:abc\r\n",
]
COMMANDS = [
    (b"*1\r\n$4\r\nPING\r\n", "ping"),
    (b"*3\r\n$6\r\nclient\r\n$7\r\nSETINFO\r\n$1\r\na\r\n", "client setinfo"),
    (b"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n", "echo"),
]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[one:other] for one, other in pairwise(places)]


@given(st.lists(st.sampled_from(REPLIES), max_size=6), st.lists(st.integers(0, 500), max_size=8))
def test_replies_come_out_whole(replies: list[bytes], cuts: list[int]) -> None:
    framing = RespSplitter()
    found = [whole for piece in pieces(b"".join(replies), cuts) for whole in framing.replies(piece)]
    assert found == replies


@given(st.lists(st.sampled_from(COMMANDS), max_size=6), st.lists(st.integers(0, 500), max_size=8))
def test_commands_come_out_whole_and_named(commands: list[tuple[bytes, str]], cuts: list[int]) -> None:
    framing = RespSplitter()
    data = b"".join(command for command, _ in commands)
    assert [found for piece in pieces(data, cuts) for found in framing.commands(piece)] == commands


def test_what_the_server_pushes_comes_with_the_reply_after_it() -> None:
    framing = RespSplitter()
    assert framing.replies(b">2\r\n+invalidate\r\n_\r\n") == []
    assert framing.replies(b"+OK\r\n") == [b">2\r\n+invalidate\r\n_\r\n+OK\r\n"]


def test_what_is_no_resp_says_so() -> None:
    with pytest.raises(ValueError, match="no RESP"):
        RespSplitter().replies(b"HTTP/1.1 200 OK\r\n")
