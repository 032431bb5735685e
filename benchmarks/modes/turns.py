"""Loaded to say what the plugin adds to a test that touches no job: a small difference of large numbers.

One run, blocks of tests in turns with the plugin's hooks and without them, and of each kind the quickest quarter: what
differs between two processes, or disturbs a few blocks, does not show.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import pytest

BLOCK = 100


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    hooks = ours(session.config)
    times: dict[bool, list[float]] = {True: [], False: []}
    for place in range(0, len(session.items), BLOCK):
        on = place // BLOCK % 2 == 0
        for caller, hook in hooks if not on else ():
            caller._remove_plugin(hook.plugin)  # noqa: SLF001 - only pluggy's own insides can do this amid a run
        times[on].append(block(session.items[place : place + BLOCK]))
        for caller, hook in hooks if not on else ():
            caller._add_hookimpl(hook)  # noqa: SLF001
    quickest = {on: statistics.mean(sorted(found)[: max(1, len(found) // 4)]) for on, found in times.items()}
    Path(os.environ["TIMING"]).write_text(json.dumps({"extra": quickest[True] - quickest[False]}))
    return True


def ours(config: pytest.Config) -> list[tuple[Any, Any]]:
    """Each hook of the plugin's that is called for each test, and who calls it."""
    manager = config.pluginmanager
    plugins = [plugin for name, plugin in manager.list_name_plugin() if name.partition("-")[0] == "jobkit"]
    callers = [caller for name, caller in vars(manager.hook).items() if name.startswith("pytest_runtest_")]
    return [(caller, hook) for caller in callers for hook in caller.get_hookimpls() if hook.plugin in plugins]


def block(items: list[pytest.Item]) -> float:
    """Seconds a test."""
    gc.collect()
    begin = time.process_time()
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return (time.process_time() - begin) / len(items)
