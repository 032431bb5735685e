"""Coders whose bodies nobody can make without a key: signed ones, and encrypted ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

import jobkit
from jobkit.backend import Delivery
from jobkit.coder import Coder
from jobkit.coders.encrypted import Encrypted
from jobkit.coders.json import JSON
from jobkit.coders.msgpack import MessagePack
from jobkit.coders.signed import Signed
from jobkit.enqueue.context import EnqueueContext
from jobkit.errors import ConfigurationError, Undecodable
from jobkit.execute.perform import decode_delivery
from tests.core.kinds import KEPT

OLD, NEW, OTHER = ("old" * 11, "new" * 11, "other" * 7)

Make: TypeAlias = Callable[[str | bytes | Sequence[str | bytes]], Any]


@pytest.fixture(params=[Signed, Encrypted])
def make(request: pytest.FixtureRequest) -> Make:
    found: Make = request.param
    return found


def stored(app: jobkit.App, job: Any, *args: Any) -> Delivery:
    """What a worker would get of this call."""
    outgoing = EnqueueContext.of(job.call(*args), app._queues.find("default"))
    return Delivery(outgoing.message(), number=1, attempt=1, token="", lease_end=0)


def with_body(delivery: Delivery, body: bytes, **headers: str) -> Delivery:
    message = structs.replace(delivery.message, body=body, headers={**delivery.message.headers, **headers})
    return structs.replace(delivery, message=message)


def declare(coder: Coder, *others: Coder) -> tuple[jobkit.App, Any, Any]:
    app = jobkit.App("redis://localhost", coder=coder, coders=others)

    @app.job(name="shop.pay")
    def pay(user_id: int, cents: int) -> None: ...

    @app.job(name="shop.refund")
    def refund(user_id: int, cents: int) -> None: ...

    return app, pay, refund


@pytest.mark.parametrize("inner", [JSON(), MessagePack()], ids=lambda coder: coder.name)
@pytest.mark.parametrize(("type", "value"), KEPT.items(), ids=[str(each) for each in KEPT])
def test_values_come_back_by_their_types(make: Any, inner: Coder, type: Any, value: object) -> None:
    coder = make(NEW, inner)
    assert coder.decode(coder.encode(value), type) == value


def test_it_is_a_coder_and_its_name_says_what_is_in_it(make: Any) -> None:
    assert isinstance(make(NEW), Coder)
    assert make(NEW).name.endswith("-json")
    assert make(NEW, MessagePack()).name.endswith("-msgpack")


def test_a_job_travels(make: Make) -> None:
    app, pay, _ = declare(make(NEW))
    job, arguments = decode_delivery(stored(app, pay, 7, 100), app)
    assert (job.name, arguments) == ("shop.pay", {"user_id": 7, "cents": 100})


def test_each_changed_byte_is_noticed(make: Make) -> None:
    app, pay, _ = declare(make(NEW))
    delivery = stored(app, pay, 7, 100)
    body = delivery.message.body
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(Undecodable, match="shop.pay: the arguments can't be decoded: the"):
            decode_delivery(with_body(delivery, changed), app)


@given(st.binary(max_size=200))
@pytest.mark.parametrize("coder", [Signed(NEW), Encrypted(NEW)], ids=lambda coder: coder.name)
def test_whatever_is_there_is_refused_by_a_value_error(coder: Coder, body: bytes) -> None:
    with pytest.raises(ValueError, match="the "):
        coder.decode(body, dict[str, int])


def test_another_jobs_body_is_refused(make: Make) -> None:
    app, pay, refund = declare(make(NEW))
    taken = stored(app, refund, 7, 100).message.body
    with pytest.raises(Undecodable, match="another job's"):
        decode_delivery(with_body(stored(app, pay, 7, 100), taken), app)


def test_a_body_that_nobody_sealed_is_refused_whatever_its_header_says(make: Make) -> None:
    app, pay, _ = declare(make(NEW))
    app.queue("plain", coder=JSON())
    forged = with_body(stored(app, pay, 7, 100), b'{"user_id":7,"cents":1}', coder="json")
    with pytest.raises(Undecodable, match=r"jobs of this queue are sealed \(\w+-json\), and a body by 'json' is not"):
        decode_delivery(forged, app)


def test_while_older_ones_are_on_their_way_the_app_lists_their_coder(make: Make) -> None:
    app, pay, _ = declare(make(NEW), JSON())
    older = with_body(stored(app, pay, 7, 100), b'{"user_id":7,"cents":1}', coder="json")
    assert decode_delivery(older, app)[1] == {"user_id": 7, "cents": 1}


def test_keys_are_changed_without_losing_a_job(make: Make) -> None:
    """The new one last everywhere, then first, then alone."""
    stages = [make(OLD), make([OLD, NEW]), make([NEW, OLD]), make(NEW)]
    bodies = [coder.encode([1]) for coder in stages]
    for place, coder in enumerate(stages):
        for body in bodies[max(0, place - 1) : place + 2]:  # workers and callers are at most a stage apart
            assert coder.decode(body, list[int]) == [1]
    with pytest.raises(ValueError, match="keys"):
        stages[-1].decode(bodies[0], list[int])


def test_a_queue_may_have_keys_of_its_own(make: Make) -> None:
    app, pay, _ = declare(make(NEW))
    app.queue("bank", coder=make(OTHER))
    outgoing = EnqueueContext.of(pay.call(7, 100), app._queues.find("bank"))
    delivery = Delivery(outgoing.message(), number=1, attempt=1, token="", lease_end=0)
    assert decode_delivery(delivery, app)[1] == {"user_id": 7, "cents": 100}
    with pytest.raises(Undecodable):
        decode_delivery(with_body(delivery, stored(app, pay, 7, 100).message.body), app)


def test_only_what_is_signed_is_readable() -> None:
    value = {"user_id": 4711}
    assert b"4711" in Signed(NEW).encode(value)
    assert b"4711" not in Encrypted(NEW).encode(value)


def test_no_key_is_shown(make: Make) -> None:
    app, pay, _ = declare(make([NEW, OLD]))
    with pytest.raises(Undecodable) as raised:
        decode_delivery(with_body(stored(app, pay, 7, 100), b"x" * 80), app)
    for shown in (repr(make([NEW, OLD])), str(raised.value)):
        assert NEW not in shown
        assert OLD not in shown


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([], "needs a key"),
        ("short", "key 0 has 5 characters, and at least 32 are needed: python -c"),
        ([NEW, b"short"], "key 1 has 5 characters"),
        ([NEW, 7], "key 1 is str or bytes, not int"),
    ],
)
def test_keys_that_protect_nothing_are_refused(make: Make, keys: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        make(keys)
    assert "short" not in str(raised.value)
