"""Jobs that wait in the background when their process ends, and what is enqueued while it ends.

The server has a host name here, which an event loop resolves in a thread.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobkit.backends.redis import factory
from jobkit.testing.redis.server import Server, free_port

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

DECLARED = """
import asyncio, atexit, multiprocessing, sys, threading
import jobkit
from jobkit.enqueue import background

app = jobkit.App(sys.argv[1])

@app.job(name="shop.send")
def send(number: int) -> None: ...

def post(count=1):
    for number in range(count):
        app.enqueue_in_background(send.using(id=f"job-{number}").call(number))
"""

IN_THREAD = """
thread = threading.Thread(target=post)
thread.start()
thread.join()
"""

IN_LOOP = """
async def main():
    post()

asyncio.run(main())
"""

IN_LATE_THREAD = """
import redis  # it can't be imported once the main thread is over

def late():
    threading.main_thread().join()
    post()

threading.Thread(target=late).start()
"""

IN_CHILD = """
if __name__ == "__main__":
    child = multiprocessing.get_context(sys.argv[2]).Process(target=post, args=(50,))
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""


METHODS = ("fork", "spawn", "forkserver")


@pytest.fixture
def url(server: Server) -> str:
    return f"{server.url.replace('127.0.0.1', 'localhost')}?namespace=test-{os.urandom(6).hex()}"


def end(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program until it ends."""
    program = folder / "program.py"
    program.write_text(DECLARED + script)
    return subprocess.run(
        [sys.executable, str(program), *arguments], capture_output=True, text=True, timeout=60, cwd=folder
    )


def ready(url: str) -> int:
    """Return how many jobs are stored."""
    place, _, namespace = url.partition("?namespace=")

    async def count() -> int:
        backend = factory(place, namespace, None)
        try:
            return (await backend.counts("default")).ready
        finally:
            await backend.close()

    return asyncio.run(count())


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("post()", 0),
        ("post(); sys.exit(3)", 3),
        (IN_LOOP, 0),
        (IN_THREAD, 0),
    ],
    ids=["sync", "exit code", "loop", "thread"],
)
def test_what_waits_is_stored_when_the_program_ends(tmp_path: Path, url: str, script: str, code: int) -> None:
    ended = end(tmp_path, script, url)
    assert (ended.returncode, ended.stderr) == (code, "")
    assert ready(url) == 1


def test_a_thread_that_outlives_the_main_one_stores_or_is_told(tmp_path: Path, url: str) -> None:
    """Early versions of Python 3.12 start no thread once the main one is over, so a first use has no event loop."""
    ended = end(tmp_path, IN_LATE_THREAD, url)
    told = "no thread could be started for jobkit's event loop" in ended.stderr
    assert (ended.returncode, ready(url)) == (0, 0 if told else 1), ended.stderr
    assert told is bool(ended.stderr)
    assert not told or sys.version_info[:2] == (3, 12)


@pytest.mark.parametrize("method", METHODS)
def test_what_waits_is_stored_when_a_multiprocessing_child_ends(tmp_path: Path, url: str, method: str) -> None:
    ended = end(tmp_path, IN_CHILD, url, method)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ready(url) == 50


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("background.BackgroundQueue.flush.__defaults__ = (2.0,)\npost(50)", ()),
        *(("background.BackgroundQueue.flush.__defaults__ = (2.0,)\n" + IN_CHILD, (method,)) for method in METHODS),
    ],
    ids=["program", *METHODS],
)
def test_a_process_that_could_not_store_says_so_and_fails(
    tmp_path: Path, script: str, arguments: tuple[str, ...]
) -> None:
    ended = end(tmp_path, script, f"redis://localhost:{free_port()}?timeout=200", *arguments)
    assert ended.returncode == 1
    assert "50 posted jobs could not be stored within 2 s" in ended.stderr
    assert "Connect call failed" in ended.stderr, "the server's error"
    assert all(f"shop.send (job-{number})" in ended.stderr for number in range(50))


def test_exit_handlers_are_called_after_a_failed_one(tmp_path: Path) -> None:
    script = "background.BackgroundQueue.flush.__defaults__ = (2.0,)\natexit.register(print, 'cleaned up')\npost()"
    ended = end(tmp_path, script, f"redis://localhost:{free_port()}?timeout=200")
    assert (ended.returncode, ended.stdout) == (1, "cleaned up\n")


@pytest.mark.parametrize("call", ["send.enqueue(1)", "post()"])
def test_an_exit_handler_enqueues_after_earlier_use(tmp_path: Path, url: str, call: str) -> None:
    ended = end(tmp_path, f"atexit.register(lambda: {call})\nsend.enqueue(0)", url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ready(url) == 2


@pytest.mark.parametrize("call", ["send.enqueue(1)", "post()", "app.cancel('job-1')"])
def test_first_use_in_an_exit_handler_says_what_to_do(tmp_path: Path, url: str, call: str) -> None:
    ended = end(tmp_path, f"atexit.register(lambda: {call})", url)
    if "no thread could be started for jobkit's event loop" in ended.stderr:  # what is asked first differs
        assert "a program that uses jobkit while the interpreter ends has to use it once before" in ended.stderr
        return
    assert "can't be loaded while the interpreter ends" in ended.stderr
    assert "enqueue once before, or import jobkit.backends.redis" in ended.stderr


@pytest.mark.parametrize("call", ["send.enqueue(1)", "post()"])
def test_first_use_in_an_exit_handler_works_on_sqlite(tmp_path: Path, call: str) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    ended = end(tmp_path, f"atexit.register(lambda: {call})", url)
    assert (ended.returncode, ended.stderr) == (0, "")
    from jobkit.backends.sqlite import factory as sqlite

    async def count() -> int:
        backend = sqlite(url, "jobkit", None)
        try:
            return (await backend.counts("default")).ready
        finally:
            await backend.close()

    assert asyncio.run(count()) == 1


def test_a_program_that_has_cancelled_a_job_ends_in_silence(tmp_path: Path, url: str) -> None:
    """The connection's reader waits again, in another future, once its first wait has timed out."""
    script = """
app.cancel("unknown")

import time
time.sleep(6)
"""
    ended = end(tmp_path, script, url)
    assert (ended.returncode, ended.stderr) == (0, "")
