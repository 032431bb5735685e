"""What is logged, printed and warned of while something is played: kept from the terminal, and kept for the rules."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections import deque
from collections.abc import Generator


class CapturedOutput(logging.Handler):
    """The lines, by where they came from; the oldest are forgotten."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.logged: deque[tuple[int, str]] = deque(maxlen=10_000)
        self.printed = io.StringIO()
        self.warned: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        shown = logging.Formatter("%(name)s: %(message)s").format(record)  # with its traceback, where it has one
        self.logged.append((record.levelno, shown))

    @property
    def reported(self) -> list[str]:
        """What an operator would notice."""
        return [text for level, text in self.logged if level >= logging.WARNING] + self.warned

    @property
    def lines(self) -> list[str]:
        """All of it."""
        return [*(text for _, text in self.logged), *self.warned, self.printed.getvalue()]


@contextlib.contextmanager
def capture_logs() -> Generator[CapturedOutput]:
    """Take what is logged, so that a run's own report stays readable."""
    heard, root = CapturedOutput(), logging.getLogger()
    before, root.handlers[:] = root.handlers[:], [heard]
    try:
        yield heard
    finally:
        root.handlers[:] = before


@contextlib.contextmanager
def capture_all() -> Generator[CapturedOutput]:
    """Hear everything: every level, every warning, and what is printed."""
    with capture_logs() as heard, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.DEBUG)
        try:
            with contextlib.redirect_stdout(heard.printed), contextlib.redirect_stderr(heard.printed):
                yield heard
        finally:
            root.setLevel(level)
            heard.warned += [str(each.message) for each in warned]
