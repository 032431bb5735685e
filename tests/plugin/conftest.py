"""A small project with jobs, and a way to run tests in it."""

from __future__ import annotations

import os
import textwrap
import weakref
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from unittest import mock

import pytest

import jobkit.app
import pytest_jobkit
from tests import lean_pytest

ONCE = ("jobkit.worker", "jobkit.backends.inline", "jobkit.backends.redis.fake", "jobkit.testing.redis.server")

for name in (*ONCE, *(module.name for module in walk_packages(pytest_jobkit.__path__, "pytest_jobkit."))):
    import_module(name)  # once here, and not again in each run inside this process

SHOP = """
    from datetime import timedelta

    import jobkit

    app = jobkit.App("redis://production.invalid")
    app.queue("mail", aliases=["post"])
    done = []


    @app.job(queue="mail")
    async def send_welcome(user_id: int, template: str = "welcome") -> None:
        done.append(("send_welcome", user_id))
        await push_crm.aenqueue(user_id)


    @app.job
    def push_crm(user_id: int) -> str:
        done.append(("push_crm", user_id))
        return f"crm:{user_id}"


    @app.job(queue="audit")
    def audit(action: str, data: dict[str, object] | None = None) -> None:
        done.append(("audit", action))


    @app.job(retry=jobkit.Retry(attempts=3, on=ConnectionError, wait=2), discard=LookupError)
    def charge(order_id: int) -> int:
        done.append(("charge", order_id))
        if order_id == 13:
            raise ConnectionError("refused")
        if order_id == 14:
            raise ValueError("bad order")
        if order_id == 15:
            raise LookupError("no such order")
        return order_id * 2


    @app.job
    def remind(order_id: int) -> None:
        done.append(("remind", order_id))


    def sign_up(user_id):
        send_welcome.enqueue(user_id)
        audit.enqueue("signup")


    def place_order(order_id):
        remind.using(delay=timedelta(days=1)).enqueue(order_id)
"""

INI = """
    [pytest]
    asyncio_mode = auto
    asyncio_default_fixture_loop_scope = function
    filterwarnings = error
    pythonpath = .
"""

HEAD = """
    import pytest
    import jobkit
    import shop
    from shop import *


    @pytest.fixture(autouse=True)
    def _nothing_done():
        done.clear()

"""

WITHOUT = tuple(
    word
    for name in (
        *("hypothesispytest", "cacheprovider", "randomly", "rerunfailures", "timeout", "time_machine"),
        *("django", "inline_snapshot", "syrupy"),
    )
    for word in ("-p", f"no:{name}")
)
"""Plugins that no test here needs, but where it asks for one (``-p NAME``): they take time, or change the order."""


class Project:
    """A folder with ``shop.py``, and pytest to be run in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.write("shop.py", SHOP)
        self.write("tox.ini", INI)

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
        return path

    def run(self, tests: str, *args: str, head: str = HEAD) -> pytest.RunResult:
        """Run these tests in this process."""
        self.write("test_it.py", textwrap.dedent(head) + textwrap.dedent(tests))
        return self.again(*args)

    def again(self, *args: str) -> pytest.RunResult:
        if any(each.startswith("-n") for each in args):  # xdist's processes load what this one does
            with mock.patch.dict(os.environ, lean_pytest.ENVIRONMENT):
                plugins = lean_pytest.plugins(arguments=args)
                loaded = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # here they are; older versions tell
                return self.pytester.runpytest_inprocess(*plugins, *loaded, "-p", "no:cacheprovider", *args)
        return self.pytester.runpytest_inprocess(*WITHOUT, *args)

    def apart(self, tests: str, *args: str, head: str = HEAD) -> pytest.RunResult:
        """Run these tests in a process of their own."""
        self.write("test_it.py", textwrap.dedent(head) + textwrap.dedent(tests))
        with mock.patch.dict(os.environ, lean_pytest.ENVIRONMENT):
            plugins = lean_pytest.plugins(arguments=args)
            return self.pytester.runpytest_subprocess(*plugins, "-p", "no:cacheprovider", *args)

    def passes(self, tests: str, *args: str) -> None:
        """Each of these tests passes."""
        result = self.run(tests, *args)
        result.assert_outcomes(passed=textwrap.dedent(tests).count("def test_"))


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Of somebody else: no word of the run that this is in, and no app of it."""
    words = ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS", "JOBKIT_BACKEND", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID")
    for variable in words:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(jobkit.app, "_all", weakref.WeakSet())
    return Project(pytester)


@pytest.fixture
def explained(project: Project) -> Callable[[str], list[str]]:
    """Run one failing test, and return what pytest says of its assertion."""

    def lines(test: str) -> list[str]:
        result = project.run(test)
        result.assert_outcomes(failed=1)
        said = [line.removeprefix("E").strip() for line in result.outlines if line.startswith("E  ")]
        return [line.removeprefix("AssertionError: ") for line in said]

    return lines


def captured(result: pytest.RunResult) -> list[str]:
    """The lines of the section *Captured jobs*."""
    lines = [line.rstrip() for line in result.outlines]
    start = next(
        (place for place, line in enumerate(lines) if "Captured jobs" in line and line.startswith("---")), None
    )
    if start is None:
        return []
    rest = lines[start + 1 :]
    end = next(place for place, line in enumerate(rest) if line.startswith(("===", "___", "---")))
    return rest[:end]
