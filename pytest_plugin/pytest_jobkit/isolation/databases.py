"""Django's databases: which ones the test uses, so that the process of a job opens these and not the project's own."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_jobkit.errors import NotIsolated

if TYPE_CHECKING:
    from collections.abc import Mapping

    Names: TypeAlias = Mapping[str, str]
    """By alias, the name of each database, as the test runner has it."""

SETTINGS = "DJANGO_SETTINGS_MODULE"
OTHERWISE = "leave out --jobkit-isolate, or mark the test @pytest.mark.jobkit(isolate=False)"


def of_test() -> Names | None:
    """Asked in the thread of the test; None without Django. `NotIsolated` for what only this process can see."""
    if "django" not in sys.modules or not (settings := import_module("django.conf").settings).configured:
        return None
    if SETTINGS not in os.environ:
        raise NotIsolated(
            f"Django's settings were made by this process, and another one can't find them: name their module in "
            f"{SETTINGS}, or {OTHERWISE}"
        )
    connections: Any = import_module("django.db").connections
    for alias in settings.DATABASES:
        connection = connections[alias]
        if connection.vendor == "sqlite" and connection.is_in_memory_db():
            raise NotIsolated(
                f"Django's test database {alias!r} is in the memory of this process, and another one can't see it: "
                f"give it a file, 'TEST': {{'NAME': 'test.sqlite3'}} in DATABASES[{alias!r}], or {OTHERWISE}"
            )
        if connection.in_atomic_block:
            raise NotIsolated(
                "this test is inside of a transaction that is never committed, and another process can't see what it "
                "wrote: make it a TransactionTestCase (pytest-django: @pytest.mark.django_db(transaction=True)), or "
                f"{OTHERWISE}"
            )
    return {alias: str(each["NAME"]) for alias, each in settings.DATABASES.items()}


def open_those_of(names: Names | None) -> None:
    """In the process of the job, before anything imports a model."""
    if names is None:
        return
    databases: Any = import_module("django.conf").settings.DATABASES
    for alias, name in names.items():
        databases[alias]["NAME"] = name
    import_module("django").setup()
