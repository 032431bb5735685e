"""When the process of the tests is killed: nothing of it stays on a shared server for longer than it may."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import redis

from jobkit.clock import ManualClock
from jobkit.connections import resolver
from jobkit.testing.redis.server import Server
from pytest_jobkit.backends.namespace_registry import BOUND_MS, NamespaceRegistry
from pytest_jobkit.backends.selected import NAMESPACE
from tests import lean_pytest
from tests.plugin.conftest import Project

pytestmark = pytest.mark.realtime

HANGS = """
    import time
    from pathlib import Path

    import shop

    def test_it(jobs):
        shop.place_order(7)
        Path("stored").touch()
        time.sleep(600)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = Server.start()
    yield found
    found.stop()


@pytest.fixture
def url(server: Server) -> str:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()  # of the server that was started here
    return server.url


def namespaces(url: str) -> set[str]:
    with redis.Redis.from_url(url) as client:
        return {key.decode().partition("{")[2].partition("}")[0] for key in client.scan_iter()}


def ledger(url: str, clock: ManualClock | None = None) -> NamespaceRegistry:
    return NamespaceRegistry(resolver.find(url, NAMESPACE), clock)


def run_and_kill(project: Project, url: str) -> None:
    """Run a test until it has stored a job, and give its process no time to say goodbye."""
    project.write("test_hangs.py", HANGS)
    stored = project.path / "stored"
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *lean_pytest.plugins(), "-q", "test_hangs.py", f"--jobkit-backend={url}"],
        cwd=project.path,
        env=lean_pytest.environment(),
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not stored.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_run_that_ends_leaves_nothing(project: Project, url: str) -> None:
    project.passes(
        """
        def test_one(jobs):
            place_order(7)
            jobs.advance(days=1)

        async def test_two(jobs):
            await send_welcome.aenqueue(1)
            with jobs.inline():
                await send_welcome.aenqueue(2)
            await jobs.aperform()
        """,
        f"--jobkit-backend={url}",
    )
    assert namespaces(url) == set()


def test_what_a_killed_run_leaves_is_removed_once_its_time_is_over(project: Project, url: str) -> None:
    run_and_kill(project, url)
    left = namespaces(url)
    assert len(left) == 2
    assert f"{NAMESPACE}-ledger" in left
    assert asyncio.run(ledger(url).clean_up()) == []
    assert namespaces(url) == left
    now = time.time_ns() // 1_000_000
    assert asyncio.run(ledger(url, ManualClock(now + BOUND_MS)).clean_up()) == sorted(left - {f"{NAMESPACE}-ledger"})
    assert namespaces(url) == {f"{NAMESPACE}-ledger"}


def test_the_next_run_does_that(project: Project, url: str) -> None:
    project.write(
        "conftest.py", "from pytest_jobkit.backends import namespace_registry as ledger\n\nledger.BOUND_MS = 0\n"
    )
    run_and_kill(project, url)
    assert len(namespaces(url)) == 2
    project.write("conftest.py", "")
    (project.path / "test_hangs.py").unlink()
    project.passes(
        """
        def test_it(jobs):
            remind.enqueue(1)
            jobs.perform()
        """,
        f"--jobkit-backend={url}",
    )
    assert namespaces(url) == set()


def test_what_is_in_use_is_left_alone(project: Project, url: str) -> None:
    """Of another run that goes on meanwhile, and of an app in the same server."""
    with redis.Redis.from_url(url) as client:
        client.set("somebody", "else")
    other = ledger(url)
    other.register(f"{NAMESPACE}-other")
    project.passes(
        """
        def test_it(jobs):
            remind.enqueue(1)
            jobs.perform()
        """,
        f"--jobkit-backend={url}",
    )
    assert namespaces(url) == {"", f"{NAMESPACE}-ledger"}
    other.unregister(f"{NAMESPACE}-other")
    other.end()
    assert namespaces(url) == {""}


def test_a_private_server_ends_with_its_run(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        from pathlib import Path
        import pytest

        @pytest.fixture(autouse=True)
        def note(request, jobkit_backend):
            from pytest_jobkit.session import RUN
            Path("port").write_text(str(request.config.stash[RUN].choice("redis").server.port))
        """,
    )
    run_and_kill(project, "redis")
    port = int((project.path / "port").read_text())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            redis.Redis(port=port).ping()
        except redis.ConnectionError:
            return
        time.sleep(0.01)
    raise AssertionError("it is still there")
