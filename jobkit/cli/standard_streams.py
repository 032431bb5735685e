"""Opens the standard descriptors that a process was started without, so that nothing else gets their numbers."""

from __future__ import annotations

import os
import sys


def open_missing() -> None:
    """Open the null device as each of 0, 1 and 2 that is closed, and as the stream that Python lacks for it."""
    for number in range(3):
        if not _is_open(number):
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)  # noqa: FBT003 - the function takes no keyword
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
