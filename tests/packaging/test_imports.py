"""What an import brings along, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "asyncio",
    "dataclasses",
    "inspect",
    "logging",
    "urllib.parse",
    "pytest",
    "hypothesis",
    "redis",
    "fakeredis",
    "jobkit_conformance",
    "pytest_jobkit",
)


def loaded(statement: str) -> set[str]:
    """The modules that a statement has a fresh process load, beyond those that msgspec and the environment bring."""
    script = f"import sys, msgspec\nbefore = set(sys.modules)\n{statement}\nprint(*set(sys.modules) - before)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(ended.stdout.split())


@pytest.mark.realtime
def test_importing_jobkit_loads_no_backend_no_loop_and_no_test_tool() -> None:
    found = loaded("import jobkit")
    assert not found & set(HEAVY)
    assert not {each for each in found if each.startswith(("jobkit.backends", "jobkit.coders", "jobkit.worker"))}


@pytest.mark.realtime
def test_nor_does_declaring_an_app_with_its_queues() -> None:
    found = loaded("import jobkit; app = jobkit.App('redis://h'); app.queue('mail', aliases=['post'])")
    assert not found & set(HEAVY)
    assert not {each for each in found if each.startswith(("jobkit.backends", "jobkit.worker"))}


@pytest.mark.realtime
def test_a_blocking_enqueue_in_memory_needs_no_redis() -> None:
    found = loaded(
        "import jobkit; app = jobkit.App('inline:'); app.job(name='send')(print); app.clients('default').blocking()"
    )
    assert not found & {"redis", "fakeredis", "pytest", "hypothesis"}


def test_every_public_name_is_there() -> None:
    import jobkit

    assert [name for name in jobkit.__all__ if not hasattr(jobkit, name)] == []
    assert sorted(jobkit.__all__) == jobkit.__all__


def test_another_name_is_an_attribute_error() -> None:
    import jobkit

    with pytest.raises(AttributeError, match="module 'jobkit' has no attribute 'Wroker'"):
        jobkit.Wroker  # noqa: B018


@pytest.mark.realtime
def test_a_backend_is_chosen_by_naming_its_module() -> None:
    for name in ("jobkit.backends", "jobkit.coders"):
        assert not loaded(f"import {name}") & {"redis", "asyncio", "hypothesis"}
