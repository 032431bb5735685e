"""How a job travels in a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.errors import Undecodable
from jobkit.jobs.envelope import RESERVED, VERSION, Envelope, parse_envelope

HEADERS = {"job": "shop.send", "v": "1", "coder": "json"}

names = st.text(max_size=20)


@given(
    job=names,
    coder=names,
    arguments=st.binary(),
    metadata=st.dictionaries(names.filter(lambda name: name not in RESERVED), names),
)
def test_what_is_put_in_comes_out(job: str, coder: str, arguments: bytes, metadata: dict[str, str]) -> None:
    put = Envelope(job, coder, arguments, metadata)
    assert parse_envelope(put.headers(), arguments) == put


def test_the_headers_are_as_every_released_version_wrote_them() -> None:
    assert Envelope("shop.send", "json", b"{}", {"trace": "7"}).headers() == {**HEADERS, "trace": "7"}
    assert VERSION == 1


def test_a_header_that_nobody_here_knows_survives_as_metadata() -> None:
    assert parse_envelope({**HEADERS, "later": "x"}, b"").metadata == {"later": "x"}


@pytest.mark.parametrize("missing", HEADERS)
def test_a_message_without_an_envelope_is_no_job(missing: str) -> None:
    rest = {name: value for name, value in HEADERS.items() if name != missing}
    with pytest.raises(Undecodable, match=f"^the message has no header '{missing}', so it is no job of jobkit's$"):
        parse_envelope(rest, b"")


@pytest.mark.parametrize("version", ["2", "0", "", "1.0", "x" * 1000])
def test_an_envelope_of_another_version_says_so(version: str) -> None:
    with pytest.raises(
        Undecodable, match=f"^the message is an envelope of version '{version[:20]}'; this jobkit reads 1$"
    ):
        parse_envelope({**HEADERS, "v": version}, b"")
