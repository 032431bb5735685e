"""Enqueue when the data that a job will read is committed, and not at all when it is rolled back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from jobkit import events
from jobkit.integrations.grouping import by_app

if TYPE_CHECKING:
    from jobkit.jobs.call import Call


def on_commit(*calls: Call, using: str | None = None) -> None:
    """Enqueue these calls once the current transaction is committed, in one step; at once where there is none.

    ``on_commit(send_welcome.call(user.pk))``. What is wrong with a call is raised here, before anything is committed.
    ``using``: the database's alias. A rollback, of a savepoint too, drops them. The enqueue itself follows the commit:
    when the store of the jobs is down just then, the data is committed and the error leaves the ``atomic`` block.
    """
    for app, its_calls in by_app(calls):
        app.check_calls(its_calls)
        if events.observers and transaction.get_connection(using).in_atomic_block:
            events.emit(events.Deferred(calls=its_calls))
        transaction.on_commit(partial(app.enqueue_many, its_calls, atomic=False), using=using)
