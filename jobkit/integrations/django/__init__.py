"""Jobs in a Django project: enqueued when a transaction commits, and as a backend of Django's own tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobkit.integrations.django.commit import on_commit
from jobkit.integrations.django.connections import connections

if TYPE_CHECKING:
    from jobkit.integrations.django.tasks import JobTask, TaskBackend

__all__ = ["JobTask", "TaskBackend", "connections", "on_commit"]


def __getattr__(name: str) -> object:
    """Django's tasks came with Django 6; a project without them has the rest."""
    if name not in ("JobTask", "TaskBackend"):
        raise AttributeError(f"module 'jobkit.integrations.django' has no attribute {name!r}")
    from jobkit.integrations.django import tasks

    return getattr(tasks, name)
