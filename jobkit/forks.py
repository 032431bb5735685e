"""What happens to locks, threads and connections when the process forks.

A forked child has one thread, the one that forked. A lock that another thread held would stay locked in the child for
good, and a connection or an event loop would be shared with the parent. So every object that has one of these is
tracked here: it comes to rest before the fork where it has to, and is renewed in the child.
"""

from __future__ import annotations

import os
import threading
import weakref


class Forkable:
    """Base class of objects that have to be told of a fork. `track` tells them."""

    def before_fork(self) -> None:
        """Come to rest, in the thread that forks. Other threads of the parent go on until they need this object."""

    def after_fork_in_parent(self) -> None:
        """Undo what `before_fork` did."""

    def after_fork_in_child(self) -> None:
        """Replace locks, and forget what belongs to the parent."""


_guard = threading.RLock()
"""Held around each fork, so that two threads that fork at once do it one after the other."""

_tracked: weakref.WeakSet[Forkable] = weakref.WeakSet()
_resting: list[Forkable] = []


def track(thing: Forkable) -> None:
    """Tell an object of every fork, as long as it exists. While a fork is under way this waits for its end."""
    with _guard:
        _tracked.add(thing)


class RenewedLock(Forkable):
    """A reentrant lock that no other thread holds in a forked child, whoever held it before: ``with lock: ...``."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        track(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def after_fork_in_child(self) -> None:
        if self._lock.acquire(blocking=False):  # free, or held by the thread that forks, which will let go of it
            self._lock.release()
        else:
            self._lock = threading.RLock()


def _before() -> None:
    _guard.acquire()
    for thing in list(_tracked):
        thing.before_fork()
        _resting.append(thing)


def _after_in_parent() -> None:
    for thing in _resting:
        thing.after_fork_in_parent()
    _resting.clear()
    _guard.release()


def _after_in_child() -> None:
    global _guard  # noqa: PLW0603 - other threads of the parent may wait for it, and they are not here
    _guard = threading.RLock()
    for thing in _resting:
        thing.after_fork_in_child()
    _resting.clear()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
