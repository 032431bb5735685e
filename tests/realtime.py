"""Notices when a test starts a process or waits on the real clock.

Such a test carries the marker ``realtime``: it may fail on a busy machine without a fault in the code, so CI runs it
again, alone. A test without the marker that does either fails, with what it did in the message.
"""

from __future__ import annotations

import multiprocessing.util
import selectors
import sys
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

LONGEST_WAIT: Final = 0.1
"""Seconds that a test without the marker may wait on the real clock, in all."""

LEASE: Final = 1.5
"""Seconds that a real lease lasts, in every test that depends on its length. A time limit that has to be kept is as
long, and what has to end in time may be late by as much.

A worker extends a lease after a third of it, and may come a second late. While this suite and two busy loops shared two
cores, a process that slept 5 ms woke up 61 ms late at most. Tests wait for a few leases, and use no processor time
meanwhile.
"""
LEASE_MS: Final = round(1000 * LEASE)

SOON_OVER: Final = 0.05
"""Seconds of a lease or a time limit that only has to end: nothing has to happen before, so it can't be too short."""
SOON_OVER_MS: Final = round(1000 * SOON_OVER)

_PROCESS_EVENTS: Final = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}


@dataclass
class Observed:
    """The processes and waits of one test, or of the setup of one fixture."""

    processes: list[str] = field(default_factory=list[str])
    waited: float = 0.0
    """Seconds for which a wait lasted until its time was up."""

    def reasons(self) -> list[str]:
        """Return why this needs the marker, or nothing if it does not."""
        found = [f"starts a process ({', '.join(dict.fromkeys(self.processes))})"] if self.processes else []
        if self.waited > LONGEST_WAIT:
            found.append(f"waits {self.waited:.2f} s on the real clock")
        return found


def is_realtime(item: pytest.Item) -> bool:
    """Return True if a test has the marker."""
    return item.get_closest_marker("realtime") is not None


class MarkerCheck:
    """A plugin of pytest: fails a test that starts a process or waits on the real clock, and has not the marker.

    What the setup of a fixture of a wider scope does counts for every test that has this fixture.
    """

    def __init__(self) -> None:
        self._watch = Watch()
        self._watch.install()
        self._shared: dict[Any, Observed] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        if fixturedef.scope == "function":
            return (yield)
        around = self._watch.current
        self._shared[fixturedef] = self._watch.begin()
        try:
            return (yield)
        finally:
            self._watch.current = around

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, Any]:
        self._watch.begin()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        found = yield
        if not is_realtime(item):
            reasons = [*self._watch.current.reasons(), *self._reasons_of_fixtures(item)]
            if reasons:
                pytest.fail(f"{item.nodeid} needs the marker realtime: it {' and '.join(reasons)}", pytrace=False)
        return found

    def _reasons_of_fixtures(self, item: pytest.Item) -> list[str]:
        request = getattr(item, "_request", None)
        requested: dict[str, Any] = getattr(request, "_fixture_defs", {})  # those asked for by name included
        observed = ((name, self._shared[each]) for name, each in requested.items() if each in self._shared)
        return [f"has the fixture {name}, which {reason}" for name, each in observed for reason in each.reasons()]


class Watch:
    """Observes this process. Only one is installed, and it stays: audit hooks can't be removed."""

    def __init__(self) -> None:
        self.current = Observed()

    def install(self) -> None:
        sys.addaudithook(self._audit)
        self._wrap(multiprocessing.util, "spawnv_passfds", self._spawns)
        self._wrap(time, "sleep", self._sleeps)
        self._wrap(threading.Condition, "wait", self._waits_for_notification)
        self._wrap(selectors.DefaultSelector, "select", self._selects)

    def begin(self) -> Observed:
        """Observe something new, and return what will be known of it."""
        self.current = Observed()
        return self.current

    def _audit(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if event in _PROCESS_EVENTS:
            self.current.processes.append(event)

    def _wrap(self, owner: Any, name: str, around: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        def wrapper(*arguments: Any, **named: Any) -> Any:
            return around(original, *arguments, **named)

        wrapper.__name__ = name
        wrapper.__doc__ = original.__doc__
        setattr(owner, name, wrapper)

    def _spawns(self, original: Callable[..., Any], *arguments: Any) -> Any:
        self.current.processes.append("multiprocessing")
        return original(*arguments)

    def _sleeps(self, original: Callable[[float], None], seconds: float) -> None:
        self.current.waited += seconds
        original(seconds)

    def _waits_for_notification(
        self, original: Callable[..., bool], condition: threading.Condition, timeout: float | None = None
    ) -> bool:
        notified = original(condition, timeout)
        if not notified and timeout is not None and timeout > 0 and _is_main():
            self.current.waited += timeout
        return notified

    def _selects(
        self, original: Callable[..., list[Any]], selector: selectors.BaseSelector, timeout: float | None = None
    ) -> list[Any]:
        ready = original(selector, timeout)
        if not ready and timeout is not None and timeout > 0 and _is_main():
            self.current.waited += timeout
        return ready


def _is_main() -> bool:
    """Return True in the thread that runs the tests. A wait in another thread delays no test by itself."""
    return threading.current_thread() is threading.main_thread()
