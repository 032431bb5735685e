"""Calls that are enqueued together later, by the app that they belong to: each app's leave in one step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobkit.app import App
    from jobkit.jobs.call import Call


def by_app(calls: Iterable[Call]) -> list[tuple[App, list[Call]]]:
    """In the order in which the apps are met."""
    found: dict[int, tuple[App, list[Call]]] = {}
    for call in calls:
        found.setdefault(id(call.job.app), (call.job.app, []))[1].append(call)
    return list(found.values())
