"""Declaring and enqueuing: a job keeps the types of its function."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

import jobkit

app = jobkit.App()


@app.job
def resize(path: str, width: int = 640) -> bytes:
    return path.encode() * width


@app.job(queue="mail", retry=jobkit.Retry(attempts=5, on=ConnectionError), discard=(KeyError, LookupError), limit=30)
async def send_welcome(user_id: int, template: str = "welcome") -> bool:
    return bool(user_id and template)


def by_user(arguments: Mapping[str, object]) -> str:
    return "vip" if arguments["user_id"] == 1 else "default"


@app.job(
    name="shop.any",
    queue=by_user,
    priority=3,
    key="any",
    retry=[jobkit.Retry(on=OSError, wait=timedelta(minutes=1))],
    limit=timedelta(minutes=5),
)
def takes_anything(*ids: int, **named: str) -> None: ...


assert_type(resize, jobkit.Job[[str, int], bytes])  # type: ignore[assert-type]  # names and defaults are kept too
assert_type(resize("a.png"), bytes)
coming: Coroutine[Any, Any, bool] = send_welcome(7)

resize.call("a.png")
resize.call("a.png", width=3)
resize.call(path="a.png")
resize.call()  # type: ignore[call-arg]
resize.call(7)  # type: ignore[arg-type]
resize.call("a.png", hight=3)  # type: ignore[call-arg]
takes_anything.call(1, 2, 3, a="b")
takes_anything.call("1")  # type: ignore[arg-type]

assert_type(resize.enqueue("a.png", 3), jobkit.Receipt)
resize.enqueue(3)  # type: ignore[arg-type]

later = resize.using(delay=timedelta(hours=1), priority=5).using(queue="default", key="k", id="abc", remember=60)
assert_type(later.enqueue("a.png"), jobkit.Receipt)
later.enqueue()  # type: ignore[call-arg]
send_welcome.using(at=datetime.now(UTC)).enqueue(7, template="x")
send_welcome.using(delay="soon")  # type: ignore[arg-type]
send_welcome.using(dealy=3)  # type: ignore[call-arg]

calls = [send_welcome.call(1), later.call("a.png")]
assert_type(calls, list[jobkit.Call])
assert_type(app.enqueue_many(calls), list[jobkit.Receipt])
assert_type(app.enqueue_many((call for call in calls), atomic=False), list[jobkit.Receipt])
app.enqueue_many([send_welcome])  # type: ignore[list-item]

outcome = resize.perform("a.png")
assert_type(outcome, jobkit.Outcome)
assert_type(outcome.error, BaseException | None)
assert_type(outcome.retry_in, float | None)


async def main() -> None:
    assert_type(await send_welcome(7), bool)
    assert_type(await send_welcome.aenqueue(7), jobkit.Receipt)
    assert_type(await later.aenqueue("a.png"), jobkit.Receipt)
    assert_type(await app.aenqueue_many(calls), list[jobkit.Receipt])
    assert_type(await resize.aperform("a.png"), jobkit.Outcome)
    await send_welcome.aenqueue("7")  # type: ignore[arg-type]


def look(receipt: jobkit.Receipt) -> None:
    assert_type(receipt.id, str)
    assert_type(receipt.due, datetime | None)
    assert_type(receipt.held_by, str | None)
    assert_type(receipt.reason, str | None)
    if receipt:
        assert_type(receipt.queue, str)
    receipt.id = "other"  # type: ignore[misc]


app.job(on=OSError)  # type: ignore[call-overload]
app.job(retry=3)  # type: ignore[call-overload]
app.job("name")  # type: ignore[call-overload]
