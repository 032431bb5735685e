"""For every test here: how many processes they share."""

from __future__ import annotations

import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a third of a test's time it waits, for processes and servers of its own."""
    return len(os.sched_getaffinity(0)) + 1
