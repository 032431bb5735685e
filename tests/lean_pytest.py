"""Runs of pytest in a process of their own, with no more plugins than a test needs.

All plugins that are installed here take seconds of each process that loads them, and they are loaded unless
`ENVIRONMENT` says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""Environment variables that keep pytest from loading what is installed, and from keeping compiled tests.

A test that writes a module twice within a second would else get the first one compiled, if both are of one size.
"""

MODULES = {"jobkit": "pytest_jobkit.plugin", "asyncio": "pytest_asyncio.plugin"}
"""Plugins that are loaded by their module. Their names are those of packages, whose asserts pytest would rewrite."""


def plugins(*names: str, arguments: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the arguments that load jobkit's plugin, pytest-asyncio and those that are named.

    ``arguments``: of the same run. One that distributes tests (``-n4``) loads pytest-xdist too, and a plugin that is
    refused (``no:jobkit``) is not loaded.
    """
    distributed = ("xdist",) if any(each.startswith("-n") for each in arguments) else ()
    wanted = [name for name in ("jobkit", "asyncio", *distributed, *names) if f"no:{name}" not in arguments]
    return tuple(word for name in wanted for word in ("-p", MODULES.get(name, name)))


def environment(*without: str) -> dict[str, str]:
    """Return the variables of this process but for those named, for a run in another one."""
    return {name: value for name, value in os.environ.items() if name not in without} | ENVIRONMENT
