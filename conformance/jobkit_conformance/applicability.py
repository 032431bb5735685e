"""Which rules can be judged on a backend, and what is said of the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from jobkit.backend import Capabilities
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.verdicts import Verdict

OPTIONS: Final = frozenset(
    {
        *("delay", "priority", "keys", "remember", "dead_letters", "cancel", "inspect", "wait"),
        *("pause", "checkpoints", "cells", "results"),
    }
)


def unmet(needs: Iterable[str], capabilities: Capabilities, harness: BackendHarness) -> list[str]:
    """The needs that are not claimed here."""
    return [need for need in needs if not any(_met(one, capabilities, harness) for one in need.split("|"))]


def _met(need: str, capabilities: Capabilities, harness: BackendHarness) -> bool:
    kind, _, name = need.partition(":")
    if kind == "hook":
        return harness.offers(name)
    if kind == "clock":
        return harness.clock_mode != "real"
    if kind == "skew":
        return harness.remote or harness.clock_mode == "frozen"
    if kind == "worker":
        return True
    claimed = getattr(capabilities, need)
    return claimed is not None and claimed is not False


def verdict_when_unmet(missing: list[str], unrefused: Iterable[str]) -> tuple[Verdict, str]:
    """What is said of a rule whose needs are not met, and why."""
    options = [need for need in missing if need in OPTIONS]
    if not options:
        return Verdict.OUT_OF_SCOPE, f"needs {_words(missing)}"
    accepted = sorted(set(options) & set(unrefused))
    if accepted:
        return Verdict.BROKEN, f"{_words(accepted)} is not claimed, and was accepted"
    return Verdict.REFUSED, f"needs {_words(options)}, which was refused"


_WORDS: Final = {"clock": "a clock that the kit can move", "skew": "a store with a clock of its own"}


def _words(needs: Iterable[str]) -> str:
    return ", ".join(
        _WORDS.get(need, need.replace("hook:", "the harness' hook ").replace("|", " or ")) for need in needs
    )
