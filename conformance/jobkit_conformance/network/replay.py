"""Plays one case by hand: what a report prints runs through here."""

from __future__ import annotations

import sys

from jobkit_conformance import targets
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.network.case import FaultCase
from jobkit_conformance.network.tier import Played, Sweep
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.render.timeline import as_timeline
from jobkit_conformance.run_context import RunContext


def replay(harness: BackendHarness | str, case: FaultCase) -> Played:
    """Play a case and print what came of it. ``harness``: one, or its name as the command takes it.

    Raises `Broken` when a rule is.
    """
    found = targets.find(harness) if isinstance(harness, str) else harness
    ground = RunContext(found, PROFILES["quick"], seed=1)
    try:
        with ground.runner:
            played = Sweep(ground).play(case)
        sys.stdout.write(f"{as_timeline(played.env.trace)}\n")
        if played.broken is not None:
            raise played.broken
        return played
    finally:
        if isinstance(harness, str):
            found.close()
