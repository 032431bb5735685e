"""The shop's mail server, which is down now and then."""

from __future__ import annotations

from shop import store


class Down(ConnectionError):
    """The mail server did not answer."""


def send(email: str, subject: str, *, once: str | None = None) -> None:
    """Deliver a mail; here it goes into a table. A mail that says ``once`` is delivered once by that name."""
    store.keep_mail(email, subject, once)
