"""Test modes of job systems: one module a mode, each with the same three measures as tests.

``test_none``: touches no job. ``test_one``: enqueues one job, performs it if the mode performs, and looks at what came
of it. ``test_many``: one test that enqueues ``COUNT`` jobs. Set up as each one's own documentation says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """``packages``: what its environment needs. ``what``: what it does with a job that a test enqueues."""

    name: str
    packages: tuple[str, ...]
    what: str


MODES = (
    Mode("jobkit", (".[pytest]",), "records, checks the coder's way and back, performs when asked, through the coder"),
    Mode("dramatiq", ("dramatiq", "pytest"), "StubBroker: a worker with a thread in each test performs"),
    Mode("celery", ("celery", "pytest"), "task_always_eager: performs inside of delay, through the coder"),
    Mode("taskiq", ("taskiq", "pytest", "pytest-asyncio"), "InMemoryBroker: performs inside of kiq"),
    Mode("django", ("django-tasks", "pytest"), "DummyBackend: records, performs never"),
    Mode("huey", ("huey", "pytest"), "immediate: performs inside of the call, without a coder"),
)
