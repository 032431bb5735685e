"""Every rule that can be tested is broken by some backend here, and says so: by its own name, in a few steps."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import tests.broken
from jobkit_conformance.catalogue import RULES, UNCHECKED
from jobkit_conformance.verdicts import Exit, Verdict
from tests.broken.historic import HISTORIC, page
from tests.broken.on_a_server import ServerHarness
from tests.conformance.small_profile import SWIFT, run

MODULES = [import_module(f"tests.broken.{found.name}") for found in pkgutil.iter_modules(tests.broken.__path__)]
BROKEN = [module for module in MODULES if hasattr(module, "RULE")]

NO_BROKEN_BACKEND: dict[str, str] = dict(UNCHECKED)
"""Rules that no backend here breaks, and why."""


BRIEF = replace(SWIFT, shrinking=0.3)
"""How small a failure gets is asked where searches are tested."""


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


ALONE = [
    module for module in BROKEN if not getattr(module, "TIER", "") and not issubclass(module.Harness, ServerHarness)
]
"""Those in processes, or on a server of their own, take longer: the long tests kill them."""


@pytest.mark.realtime
@pytest.mark.parametrize("module", ALONE, ids=_name)
def test_a_broken_backend_is_killed_by_its_own_rule(module: ModuleType) -> None:
    report = run(module.Harness(), module.RULE, profile=BRIEF)
    finding = report.findings[module.RULE]
    assert (finding.verdict, report.exit) == (Verdict.BROKEN, Exit.BROKEN), finding.note or report.unsound
    assert finding.failure is not None
    assert finding.failure.seen
    assert finding.failure.replay


def test_every_rule_has_a_broken_backend_or_a_reason() -> None:
    killed = {module.RULE for module in BROKEN}
    assert killed | NO_BROKEN_BACKEND.keys() == {rule.id for rule in RULES}
    assert not killed & NO_BROKEN_BACKEND.keys()


def test_the_most_valuable_real_bugs_are_among_them() -> None:
    names = {_name(module) for module in BROKEN}
    assert len(HISTORIC) == 25
    assert {name for modules in HISTORIC.values() for name in modules} - names == set()


def test_their_page_is_up_to_date() -> None:
    assert (Path(__file__).parents[2] / "docs" / "real-bugs.md").read_text() == page()


def test_every_broken_backend_says_what_it_does() -> None:
    assert [module.__name__ for module in BROKEN if not module.__doc__] == []
