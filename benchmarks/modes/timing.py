"""Loaded by every measured run: says how long the tests took, without pytest's own beginning and end.

Processor time is what a busy machine does not change; what a mode waits for shows on the wall only."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session):  # noqa: ANN201 - a wrapper around whatever the loop answers
    wall, processor = time.perf_counter(), time.process_time()
    result = yield
    seconds = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    Path(os.environ["TIMING"]).write_text(json.dumps(seconds))
    return result
