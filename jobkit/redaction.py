"""Whether arguments may be shown: never in production, always under the test plugin."""

from __future__ import annotations

from collections.abc import Callable

_revealed = False


def show_arguments(*, shown: bool) -> Callable[[], None]:
    """Show arguments in reprs and errors, or don't; the answer puts things back."""
    global _revealed  # noqa: PLW0603 - one switch for the whole process, since errors know no app
    before = _revealed
    _revealed = shown

    def restore() -> None:
        show_arguments(shown=before)

    return restore


def redacted(value: object) -> str:
    """A value's repr where arguments may be shown, else its type."""
    return repr(value) if _revealed else f"<{type(value).__name__}>"


def redacted_key(key: object) -> str:
    """``['apple']`` where arguments may be shown, else ``[...]``: the keys of a mapping are arguments too."""
    return f"[{key!r}]" if _revealed else "[...]"


def printable(text: str, most: int = 300) -> str:
    """A text out of a store as it may stand in a log: escaped where it can't be printed, cut where it is long.

    Ids and queues have 255 bytes at most, so what is cut was no name.
    """
    shown = text if len(text) <= most else f"{text[:most]}..."
    return shown if shown.isprintable() else repr(shown)[1:-1]


def without_password(url: str) -> str:
    """A URL that may be printed: no user, no password, no query, also where somebody forgot to quote the password."""
    scheme, colon, rest = url.partition(":")
    slashes = "//" if rest.startswith("//") else ""
    place = rest.removeprefix("//").rpartition("@")[2]
    return f"{scheme}{colon}{slashes}{place.partition('?')[0].partition('#')[0]}"
