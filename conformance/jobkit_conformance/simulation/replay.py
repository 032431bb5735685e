"""Plays one scenario by hand: what a report prints runs through here."""

from __future__ import annotations

import asyncio
import os
import sys

from jobkit_conformance import preflight, targets
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.render.timeline import as_timeline
from jobkit_conformance.scenario import Scenario
from jobkit_conformance.simulation.report import to_trace
from jobkit_conformance.simulation.run_scenario import Played
from jobkit_conformance.simulation.tier import Simulation


def replay(harness: BackendHarness | str, scenario: Scenario) -> Played:
    """Play a scenario and print what came of it. ``harness``: one, or its name as the command takes it.

    Raises `Broken` when a rule is.
    """
    found = targets.find(harness) if isinstance(harness, str) else harness
    try:
        namespace = f"show-{os.getpid()}"
        capabilities = asyncio.run(preflight.capabilities(found, namespace))
        played, broken = Simulation(found, capabilities, namespace).judged(scenario)
        sys.stdout.write(f"{as_timeline(to_trace(played.history, played.start_ms))}\n")
        if broken is not None:
            raise broken
        return played
    finally:
        if isinstance(harness, str):
            found.close()
