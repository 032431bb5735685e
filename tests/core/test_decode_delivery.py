"""A delivery that can't be opened is dead for a readable reason."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

import jobkit
from jobkit.coders.json import JSON
from jobkit.errors import Undecodable
from jobkit.execute.outcome import Performed
from jobkit.execute.perform import context_of, perform
from tests.core.performing import delivery


def _send(app: jobkit.App) -> jobkit.Job[[int], None]:
    @app.job(name="shop.send")
    def send(user_id: int) -> None: ...

    return send


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({"job": "shop.sned"}, b"{}", "no job named 'shop.sned' is declared in this app; did you mean 'shop.send'?"),
        ({"job": "os.system"}, b"{}", "no job named 'os.system' is declared in this app"),
        ({"v": "2"}, b"{}", "the message is an envelope of version '2'; this jobkit reads 1"),
        ({"coder": "pickle"}, b"{}", "no coder named 'pickle' is known to this app (there are: json)"),
        ({}, b"", "shop.send: the arguments can't be decoded: Input data was truncated"),
        (
            {},
            b'{"user_id":"x"}',
            "shop.send: the arguments can't be decoded: Expected `int`, got `str` - at `$.user_id`",
        ),
        ({}, b'{"gone":1}', "shop.send: the arguments can't be decoded: Object contains unknown field `gone`"),
    ],
)
async def test_what_can_not_be_read_is_dead_for_a_readable_reason(
    app: jobkit.App, headers: dict[str, str], body: bytes, reason: str
) -> None:
    given = delivery(app, _send(app).call(7))
    message = replace(given.message, headers={**given.message.headers, **headers}, body=body)
    outcome = await perform(replace(given, message=message), context_of(given), app)
    assert (outcome.state, outcome.reason) == (Performed.DEAD, reason)
    assert isinstance(outcome.error, Undecodable)


async def test_a_message_of_somebody_elses_is_dead_too(app: jobkit.App) -> None:
    given = delivery(app, _send(app).call(7))
    strange = replace(given, message=replace(given.message, headers={}))
    assert context_of(strange).job == "unknown"
    outcome = await perform(strange, context_of(strange), app)
    assert outcome.reason == "the message has no header 'job', so it is no job of jobkit's"


class Older(JSON):
    name = "older"  # type: ignore[misc]  # another coder, by another name

    def decode(self, body: bytes, type: Any) -> Any:
        return super().decode(body.replace(b"user", b"user_id"), type)


async def test_the_coder_that_wrote_a_body_reads_it_whatever_its_queue_uses_today(app: jobkit.App) -> None:
    app.queue("default", coder=Older())
    app.queue("default", coder=JSON())
    given = delivery(app, _send(app).call(7))
    message = replace(given.message, headers={**given.message.headers, "coder": "older"}, body=b'{"user":8}')
    outcome = await perform(replace(given, message=message), context_of(given), app)
    assert (outcome.state, outcome.reason) == (Performed.SUCCEEDED, None)


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (RuntimeError("json"), Performed.DEAD, "RuntimeError: json"),
        (MemoryError("json"), Performed.INTERRUPTED, None),  # of the machine: another worker may have room for it
    ],
    ids=["of the coder", "of the machine"],
)
async def test_whatever_goes_wrong_while_opening_is_an_outcome(
    app: jobkit.App, monkeypatch: pytest.MonkeyPatch, error: Exception, state: Performed, reason: str | None
) -> None:
    def fail(name: str, queue: str) -> None:
        raise error

    given = delivery(app, _send(app).call(7))
    monkeypatch.setattr(app, "coder", fail)
    outcome = await perform(given, context_of(given), app)
    assert (outcome.state, outcome.reason) == (state, reason)
