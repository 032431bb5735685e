"""One line in a test module: ``test_conformance = conforms(Harness)``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.suite.session import SelectedRule, Session, profile_of

HARNESS: Final = "harness"
"""The item that asks whether the harness is sound, and whether what is not claimed is refused."""
ITEMS: Final = (HARNESS, *BY_ID)

Test = Callable[[pytest.FixtureRequest, str], None]


def conforms(
    harness: type[BackendHarness] | BackendHarness | str,
    *,
    profile: str | None = None,
    seed: int | None = None,
    waivers: Path | str | None = None,
    allow_incomplete: bool = False,
) -> Test:
    """A test that a backend keeps the contract: assign it to a name that begins with ``test``, in any test module.

    It becomes an item for the harness and one for each rule. ``harness``: a class, an instance, or a name as the
    command takes it. What is stated here holds; the rest is what pytest's options say (``--jobkit-profile``, ...).
    """
    if profile is not None:
        profile_of(profile)  # what is misspelt is said where it stands
    asked = SelectedRule(harness, profile, seed, Path(waivers) if waivers else None, allow_incomplete=allow_incomplete)

    @pytest.mark.parametrize("rule", ITEMS)
    def test_rule(request: pytest.FixtureRequest, rule: str) -> None:
        Session.of(request.config, asked).judge(request.node, rule)

    return test_rule
