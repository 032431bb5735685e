"""What ``pytest --pyargs jobkit_conformance --jobkit-harness=TARGET`` collects: an item a rule."""

from __future__ import annotations

import pytest

from jobkit_conformance.suite.factory import ITEMS
from jobkit_conformance.suite.session import SelectedRule, Session
from jobkit_conformance.targets import BadTarget

SESSION = pytest.StashKey[Session]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Find the backend before anything runs: what can't be meant is said once, and not by every item."""
    config = metafunc.config
    harness: str | None = config.getoption("--jobkit-harness")
    if harness is None:
        raise pytest.UsageError("which backend? --jobkit-harness=NAME, or --jobkit-harness=module:Harness")
    try:
        config.stash[SESSION] = Session.of(config, SelectedRule(harness, url=config.getoption("--jobkit-url")))
    except (BadTarget, ValueError) as error:
        raise pytest.UsageError(str(error)) from None
    metafunc.parametrize("rule", ITEMS)


def test_rule(request: pytest.FixtureRequest, rule: str) -> None:
    request.config.stash[SESSION].judge(request.node, rule)
