"""A run as in production, wherever it runs: a pytest that keeps an eye on everybody's jobs has no part in it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from jobkit import redaction
from jobkit.connections import resolver
from jobkit_conformance.log_capture import capture_logs


@contextlib.contextmanager
def production_mode() -> Generator[None]:
    """Apps keep their jobs where they say, arguments are not shown, and what is logged does not spoil the report."""
    leave, hide = resolver.override_backends(None), redaction.show_arguments(shown=False)
    try:
        with capture_logs():
            yield
    finally:
        hide()
        leave()
