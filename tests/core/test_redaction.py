"""Whether arguments may be shown: never, unless somebody asked for it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jobkit
from jobkit import redaction
from jobkit.backend import Delivery, Message
from jobkit.connections.resolver import find
from jobkit.execute.perform import context_of
from jobkit.jobs.envelope import Envelope
from jobkit.redaction import redacted, redacted_key, show_arguments, without_password

SECRET = "hunter2"


def test_values_are_shown_by_their_types() -> None:
    assert redacted(SECRET) == "<str>"
    assert redacted_key(SECRET) == "[...]"


def test_unless_somebody_asked_and_then_until_that_ends() -> None:
    hide = show_arguments(shown=True)
    assert (redacted(SECRET), redacted_key("a")) == ("'hunter2'", "['a']")
    again = show_arguments(shown=False)
    assert redacted(7) == "<int>"
    again()
    assert redacted(7) == "7"
    hide()
    assert redacted(7) == "<int>"


@dataclass
class Account:
    password: Literal["fine"]


class Opaque:
    def __repr__(self) -> str:
        return SECRET


def jobs(app: jobkit.App) -> dict[str, Any]:
    def typed(user_id: int, password: str = "") -> None: ...
    def strict(account: Account) -> None: ...
    def chosen(it: Literal["a", "b"]) -> None: ...
    def bare(it: Any) -> None: ...

    return {
        function.__name__: app.job(name=f"shop.{function.__name__}")(function)
        for function in (typed, strict, chosen, bare)
    }


REFUSED: dict[str, Callable[[dict[str, Any]], object]] = {
    "of another type": lambda jobs: jobs["typed"].enqueue(SECRET),
    "too many": lambda jobs: jobs["typed"].enqueue(1, SECRET, SECRET),
    "misspelt": lambda jobs: jobs["typed"].enqueue(1, pasword=SECRET),
    "an odd choice": lambda jobs: jobs["chosen"].enqueue(SECRET),
    "an odd field": lambda jobs: jobs["strict"].enqueue(Account(SECRET)),  # type: ignore[arg-type]
    "a changed part": lambda jobs: jobs["bare"].enqueue({SECRET: [(SECRET,)]}),
    "a lost key": lambda jobs: jobs["bare"].enqueue({1: SECRET}),
    "a lost member": lambda jobs: jobs["bare"].enqueue({SECRET}),
    "what no coder knows": lambda jobs: jobs["bare"].enqueue({SECRET: Opaque()}),
    "an odd text": lambda jobs: jobs["bare"].enqueue([SECRET + "\ud800"]),
    "an odd key": lambda jobs: jobs["bare"].enqueue({(SECRET,): 1}),
    "infinite": lambda jobs: jobs["bare"].enqueue({SECRET: float("inf")}),
    "not here": lambda jobs: jobs["bare"].using(queue="nowhere").enqueue(SECRET),
}


@pytest.mark.parametrize("case", REFUSED)
def test_no_error_holds_a_value_nor_does_its_traceback(app: jobkit.App, case: str) -> None:
    declared = jobs(app)
    with pytest.raises(jobkit.JobkitError) as raised:
        REFUSED[case](declared)
    printed = [line for line in traceback.format_exception(raised.value) if not line.startswith("  File")]
    assert SECRET not in "".join(printed)
    assert SECRET not in repr(raised.value)


@pytest.mark.parametrize(
    "body", [b'"hunter2"', b'{"user_id":"hunter2"}', b'{"user_id":1,"password":["hunter2"]}', b"hunter2"]
)
async def test_nor_does_what_is_said_of_a_body_that_can_not_be_read(app: jobkit.App, body: bytes) -> None:
    from jobkit.execute.perform import perform

    jobs(app)
    message = Message("abc", "default", body, headers=Envelope("shop.typed", "json", body).headers())
    delivery = Delivery(message, 1, 1, "token", 0)
    outcome = await perform(delivery, context_of(delivery), app)
    assert outcome.error is not None
    assert SECRET not in "".join(traceback.format_exception(outcome.error))
    assert SECRET not in str(outcome.reason)


def test_no_repr_holds_one(app: jobkit.App) -> None:
    typed = jobs(app)["typed"]
    call = typed.call(7, SECRET)
    message = Message("abc", "mail", SECRET.encode())
    shown = [
        call,
        [call],
        call.pattern,
        typed.partial(password=SECRET),
        typed.using(delay=3),
        message,
        Delivery(message, 1, 1, "token", 0),
        Envelope("shop.typed", "json", SECRET.encode()),
        typed.enqueue(7, SECRET),
        app,
        typed,
    ]
    assert SECRET not in repr(shown)
    assert "typed.call(user_id=<int>, password=<str>)" in repr(shown)


def test_a_message_shows_its_body_where_that_may_be_shown() -> None:
    message = Message("abc", "mail", b"hunter2", priority=3)
    start, end = (
        "Message(id='abc', queue='mail', body=",
        ", priority=3, at=None, after=None, key=None, remember=None, headers={})",
    )
    assert repr(message) == f"{start}<bytes>{end}"
    hide = redaction.show_arguments(shown=True)
    assert repr(message) == f"{start}b'hunter2'{end}"
    assert eval(repr(message), {"Message": Message}) == message  # noqa: S307 - it is written above
    hide()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://user:hunter2@h:1/0", "redis://h:1/0"),
        ("rediss://:hunter2@h", "rediss://h"),
        ("redis://h/0?password=hunter2", "redis://h/0"),
        ("redis://h/0#hunter2", "redis://h/0"),
        ("unix:///run/redis.sock?password=hunter2", "unix:///run/redis.sock"),
        ("redis://:hun#ter2@h", "redis://h"),
        ("redis://:hun/ter2@h", "redis://h"),
        ("redis://:hun?ter2@h", "redis://h"),
        ("redis://:hun@ter2@h", "redis://h"),
        ("redis:hunter2@h", "redis:h"),
        ("inline:", "inline:"),
        ("inline:shop", "inline:shop"),
        ("inline", "inline"),
    ],
)
def test_urls_are_shown_without_passwords(url: str, shown: str) -> None:
    assert without_password(url) == shown


@given(st.text("hunter2:@/?#[]%&= ", max_size=20))
def test_whatever_the_password_is_made_of(password: str) -> None:
    marked = f"<{password}>"
    shown = without_password(f"redis://user:{marked}@host:6379/0")
    assert shown == "redis://host:6379/0"


def test_a_queue_that_is_kept_elsewhere_shows_no_password() -> None:
    app = jobkit.App("inline:")
    app.queue("mail", backend="redis://:hunter2@h")
    assert SECRET not in repr(list(app._queues))
    assert SECRET not in repr(find("redis://:hunter2@h", "jobkit"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("shop.pay", "shop.pay"),
        ("grün 絵", "grün 絵"),
        ("a\nb", "a\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("x" * 301, "x" * 300 + "..."),
        ("\n" * 400, "\\n" * 300 + "..."),
    ],
)
def test_a_name_stands_in_one_line(name: str, shown: str) -> None:
    assert redaction.printable(name) == shown
