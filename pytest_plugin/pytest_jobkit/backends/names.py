"""The names that options and markers take: of backends, and of what a backend may be able to do."""

from __future__ import annotations

DEFAULT = "inline"

SHORT = (DEFAULT, "fakeredis", "redis", "sqlite")

CLOCK = "clock"
"""The capability that no backend has to claim: taking the time from a clock that a test moves."""

CAPABILITIES = frozenset(
    {
        *("delay", "priority", "keys", "remember", "dead_letters", "cancel", "inspect", "wait", "pause"),
        *("checkpoints", "cells", "results", "fifo", "durable", "shared", CLOCK),
    }
)
