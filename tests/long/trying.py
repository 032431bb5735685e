"""Tries changed sources quickly: pytest collects once, each change is made in a forked child, on tests that reach it.

A change inside a function becomes that function's code, wherever it was imported; one outside of functions is tried in
a process of its own.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final

import pytest

LIMIT: Final = 120
"""Seconds in which the tests of a mutant end, or it hangs: that is noticed too."""
QUIET: Final = ("-x", "--assert=plain", "-p", "no:terminal", "-p", "no:inline_snapshot", "-p", "no:cacheprovider")
NONE_FAILED: Final = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


class Bench:
    """Everything collected: ``each`` is called with it, within a session of pytest."""

    def __init__(self, module: str, path: Path, tests: Sequence[str], each: Callable[[Bench], None]) -> None:
        self._module = module
        self._path = path
        self._tests = tests
        self._each = each
        self._items: Sequence[pytest.Item] = ()
        self._lines: dict[int, set[str]] = defaultdict(set)
        self._failed = False

    def run(self) -> None:
        """Collect, and call ``each``."""
        ended = pytest.main([*QUIET, *self._tests], plugins=[self])
        if ended not in NONE_FAILED:
            raise SystemExit(f"pytest ended with {ended!r}")

    def reached(self, lines: Collection[int]) -> list[str]:
        """The tests that come to one of these lines."""
        found = set().union(*(self._lines.get(line, ()) for line in lines))
        return [item.nodeid for item in self._items if item.nodeid in found]

    def patched(self, source: str, tests: Collection[str]) -> bool:
        """Whether one of these tests fails with the functions of this source."""
        return in_a_child(lambda: self._fails_with(source, tests)) != 0

    def anew(self, source: str) -> bool:
        """Whether a test fails in a process of its own that imports this source."""
        command = [sys.executable, __file__, self._module, str(self._path), *self._tests]
        try:
            ended = subprocess.run(command, input=source, capture_output=True, text=True, check=False, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return True
        return ended.returncode != 0

    # What pytest calls.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = session.items
        self._play(session.items, listening=True)
        if self._failed:
            raise SystemExit(f"the tests of {self._module} fail already: mend them first")
        self._each(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed = self._failed or report.failed

    def _fails_with(self, source: str, tests: Collection[str]) -> int:
        _change(sys.modules[self._module], self._path, source)
        self._play([item for item in self._items if item.nodeid in tests])
        return int(self._failed)

    def _play(self, items: Sequence[pytest.Item], *, listening: bool = False) -> None:
        for item, following in zip(items, [*items[1:], None], strict=True):
            seen: set[int] = set()
            if listening:
                sys.settrace(_listener(str(self._path), seen))
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            finally:
                sys.settrace(None)
            for line in seen:
                self._lines[line].add(item.nodeid)
            if self._failed:
                return


def _listener(file: str, seen: set[int]) -> Callable[[FrameType, str, object], Any]:
    def line(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            seen.add(frame.f_lineno)
        return line

    def call(frame: FrameType, _event: str, _argument: object) -> Any:
        return line if frame.f_code.co_filename == file else None

    return call


def _change(module: ModuleType, path: Path, source: str) -> None:
    """Give the functions of a module the code that they have in another source."""
    changed = ModuleType(module.__name__)
    exec(compile(source, str(path), "exec"), changed.__dict__)  # noqa: S102 - that is what a mutant is for
    after = dict(_functions(vars(changed), module.__name__))
    for name, function in _functions(vars(module), module.__name__):
        function.__code__ = after[name].__code__


def _functions(namespace: Mapping[str, Any], module: str, within: str = "") -> Iterator[tuple[str, FunctionType]]:
    """Those that were written there, also in its classes and behind its properties."""
    for name, found in tuple(namespace.items()):
        value = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
        if isinstance(value, FunctionType) and value.__module__ == module:
            yield within + name, value
        elif isinstance(value, type) and value.__module__ == module:
            yield from _functions(vars(value), module, f"{within}{name}.")


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for one module with another source."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        self._module = module
        self._path = path
        self._code: CodeType = compile(source, str(path), "exec")

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self._path, loader=self) if name == self._module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)  # noqa: S102 - that is what a loader does


def _run_anew(module: str, path: Path, source: str, tests: Sequence[str]) -> int:
    sys.meta_path.insert(0, _Changed(module, path, source))
    return 0 if pytest.main([*QUIET, *tests]) in NONE_FAILED else 1


def in_a_child(do: Callable[[], int]) -> int:
    """Its exit code; one that takes too long, or ends oddly, has failed."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            signal.alarm(LIMIT)
            code = do()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(_run_anew(sys.argv[1], Path(sys.argv[2]), sys.stdin.read(), sys.argv[3:]))
