"""What can befall a command, by name: where it strikes, what becomes of it, and how that is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from jobkit.backend import Capabilities
from jobkit_conformance.harness import BackendHarness


@dataclass(frozen=True)
class Fault:
    """``words``: with ``{it}`` for the command. ``costly``: it takes a time-out, or the start of a store."""

    place: Literal["command", "reply"]
    then: Literal["passes", "cut", "silence", "death"]
    words: str
    hook: str = ""
    costly: bool = False
    promise: str = ""


FAULTS: Final[Mapping[str, Fault]] = {
    "dies": Fault("reply", "death", "its client dies, with {it} done and no reply seen"),
    "dropped": Fault("command", "cut", "the connection is cut before {it} reaches the store"),
    "lost": Fault("reply", "cut", "the reply of {it} is lost with its connection"),
    "held": Fault("command", "passes", "{it} is held up until others have had their turn"),
    "late": Fault("reply", "passes", "the reply of {it} is held up until others have had their turn"),
    "given up": Fault("reply", "passes", "the caller gives up while the reply of {it} is on its way"),
    "closed": Fault("reply", "passes", "the client is closed while the reply of {it} is on its way"),
    "flushed": Fault("command", "passes", "every connection is cut and cached scripts are gone, before {it}", "drop"),
    "full": Fault("command", "passes", "the store is full from {it} on", "fill"),
    "swallowed": Fault("command", "silence", "{it} gets lost, and nobody says so", costly=True),
    "unanswered": Fault("reply", "silence", "the reply of {it} gets lost, and nobody says so", costly=True),
    "killed": Fault(
        "command",
        "passes",
        "the store is killed before {it}, and back after it",
        "kill",
        costly=True,
        promise="durable",
    ),
    "restarted": Fault(
        "command", "passes", "the store restarts before {it}", "restart", costly=True, promise="durable"
    ),
}

ALWAYS: Final = frozenset({"dies", "dropped", "lost"})
"""What every profile tries at every command."""

MAY_LOSE_A_REPLY: Final = frozenset({"lost", "dropped", "flushed", "restarted", "killed", "swallowed", "unanswered"})
"""After these a client may send a command again, and nobody else has had a turn meanwhile."""


def check_fault(name: str) -> None:
    """Raise ``ValueError`` for one that this kit does not know; none at all is fine."""
    if name and name not in FAULTS:
        raise ValueError(f"this replay token has a fault {name!r}, which this kit does not know")


def possible(harness: BackendHarness, capabilities: Capabilities) -> dict[str, Fault]:
    """Those that this harness can bring about, and that a backend with these claims has to survive."""
    return {
        name: fault
        for name, fault in FAULTS.items()
        if (not fault.hook or harness.offers(fault.hook))
        and (not fault.promise or getattr(capabilities, fault.promise))
    }
