"""What the broken backends change in the scripts is there: else they would be broken in another way than they say."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

import tests.broken
from tests.broken.on_a_server import ServerHarness

MODULES = [import_module(f"tests.broken.{found.name}") for found in iter_modules(tests.broken.__path__)]
EDITING = [module for module in MODULES if getattr(getattr(module, "Harness", None), "edits", ())]


@pytest.mark.parametrize("module", EDITING, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_edit_of_a_script_applies(module: ModuleType) -> None:
    harness: ServerHarness = module.Harness
    for name, _, _ in harness.edits:
        assert ServerHarness._script(harness, name).text
