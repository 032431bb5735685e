"""A call on its way to a backend."""

from __future__ import annotations

import pytest
from msgspec import UNSET

import jobkit
from jobkit.enqueue.context import EnqueueContext, new_id
from jobkit.errors import InvalidArgument


def leaving(app: jobkit.App, call: jobkit.Call) -> EnqueueContext:
    [(_, _, [found])] = app.sender.group_by_backend([call], atomic=True)
    return found


@pytest.fixture
def send(app: jobkit.App) -> jobkit.Job[[str], None]:
    @app.job(name="shop.send", queue="mail", priority=2)
    def send(to: str) -> None: ...

    return send


def test_a_middleware_sees_what_leaves(app: jobkit.App, send: jobkit.Job[[str], None]) -> None:
    found = leaving(app, send.using(id="abc", delay=1).call("x@y"))
    assert (found.id, found.job, found.queue, found.coder) == ("abc", "shop.send", "mail", "json")
    assert found.arguments == {"to": "x@y"}
    assert found.body == b'{"to":"x@y"}'
    assert (found.options.priority, found.options.after, found.options.key) == (2, 1_000, UNSET)


def test_metadata_travels_in_the_headers(app: jobkit.App, send: jobkit.Job[[str], None]) -> None:
    found = leaving(app, send.call("x@y"))
    found.metadata["trace"] = "7"
    assert found.message().headers == {"job": "shop.send", "v": "1", "coder": "json", "trace": "7"}


@pytest.mark.parametrize("name", ["job", "v", "coder"])
def test_metadata_takes_no_name_of_the_envelope(app: jobkit.App, send: jobkit.Job[[str], None], name: str) -> None:
    found = leaving(app, send.call("x@y"))
    found.metadata[name] = "os.system"
    with pytest.raises(InvalidArgument, match=f"metadata can't be called '{name}': that name is jobkit's own"):
        found.message()


def test_it_shows_no_arguments(app: jobkit.App, send: jobkit.Job[[str], None]) -> None:
    found = leaving(app, send.call("secret"))
    assert "secret" not in repr(found)
    assert "secret" not in repr(found.message())


def test_ids_are_96_random_bits() -> None:
    ids = {new_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert {len(bytes.fromhex(each)) for each in ids} == {12}
