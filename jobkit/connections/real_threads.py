"""Threads of the operating system, also in programs whose threads are greenlets.

gevent and eventlet replace what Python's modules start as threads. An event loop in a greenlet would count as the
running loop of every other greenlet, so it needs a real thread.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast

T = TypeVar("T")


def start_thread(function: Callable[[], None], name: str) -> None:
    """Run a function in a real thread, which does not keep the process alive. `RuntimeError` if none can be started."""
    if _is_gevent():
        monkey: Any = import_module("gevent.monkey")
        monkey.get_original("_thread", "start_new_thread")(function, ())
    elif _is_eventlet():
        patcher: Any = import_module("eventlet.patcher")
        patcher.original("_thread").start_new_thread(function, ())
    else:
        threading.Thread(target=function, name=name, daemon=True).start()


def wait_for(blocking: Callable[[], T]) -> T:
    """Return what a blocking call returns, while other greenlets of this thread go on."""
    if _is_gevent():
        gevent: Any = import_module("gevent")
        return cast("T", gevent.get_hub().threadpool.apply(blocking))
    if _is_eventlet():
        tpool: Any = import_module("eventlet.tpool")
        return cast("T", tpool.execute(blocking))
    return blocking()


def is_main_thread_over() -> bool:
    """Return True once the interpreter ends. It waits for threads that are no daemons, then calls exit handlers."""
    return not threading.main_thread().is_alive()


def is_in_exit_handler() -> bool:
    """Return True in an exit handler. One that is registered then is not called."""
    return is_main_thread_over() and threading.current_thread() is threading.main_thread()


def _is_gevent() -> bool:
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def _is_eventlet() -> bool:
    patcher: Any = sys.modules.get("eventlet.patcher")
    return patcher is not None and bool(patcher.is_monkey_patched("thread"))
