"""Enqueue when a session commits, and not at all when it rolls back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.util import await_only

from jobkit import events
from jobkit.errors import RunningLoop
from jobkit.integrations.grouping import by_app

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from jobkit.app import App
    from jobkit.jobs.call import Call

_waiting: WeakKeyDictionary[Session, list[tuple[SessionTransaction | None, Call]]] = WeakKeyDictionary()


def on_commit(session: Session | AsyncSession, *calls: Call) -> None:
    """Enqueue these calls once the session commits, in one step.

    ``on_commit(session, send_welcome.call(user.id))``, for plain and asynchronous sessions. What is wrong with a call
    is raised here, before anything is committed. A rollback, of a savepoint too, drops what was said since its begin.
    The enqueue itself follows the commit: when the store of the jobs is down just then, the transaction is committed
    and the error leaves ``commit()``.
    """
    plain = session if isinstance(session, Session) else session.sync_session
    for app, its_calls in by_app(calls):
        app.check_calls(its_calls)
        if events.observers:
            events.emit(events.Deferred(calls=its_calls))
    waiting = _waiting.get(plain)
    if waiting is None:
        waiting = _waiting[plain] = []
        event.listen(plain, "after_commit", _committed)
        event.listen(plain, "after_soft_rollback", _rolled_back)
        event.listen(plain, "after_transaction_end", _ended)
    begun = plain.get_nested_transaction() or plain.get_transaction() or plain.begin()
    waiting.extend((begun, call) for call in calls)


def _committed(session: Session) -> None:
    """Of the whole transaction: what a savepoint releases may yet be rolled back."""
    if session.in_nested_transaction():
        return
    calls = [call for _, call in _waiting[session]]
    _waiting[session].clear()
    for app, its_calls in by_app(calls):
        _enqueue(app, its_calls)


def _rolled_back(session: Session, rolled_back: SessionTransaction) -> None:
    _waiting[session][:] = [each for each in _waiting[session] if not _is_inside(each[0], rolled_back)]


def _is_inside(transaction: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while transaction is not None and transaction is not outer:
        transaction = transaction.parent
    return transaction is outer


def _ended(session: Session, transaction: SessionTransaction) -> None:
    """A session that is closed without a commit has rolled back."""
    if transaction.parent is None:
        _waiting[session].clear()


def _enqueue(app: App, calls: list[Call]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        app.enqueue_many(calls, atomic=False)
        return
    enqueuing: Any = app.aenqueue_many(calls, atomic=False)
    try:
        await_only(enqueuing)
    except MissingGreenlet:
        enqueuing.close()
        raise RunningLoop(
            "commit() of a plain session would block the event loop that is running in this thread to enqueue: "
            "use an AsyncSession, or commit in a thread"
        ) from None
