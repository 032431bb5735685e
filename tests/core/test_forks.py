"""A forked child has locks and connections of its own, whatever the parent's other threads were doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobkit.forks import RenewedLock
from jobkit.testing.redis.server import Server

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

PROGRAM = """
import os, signal, sys, threading

signal.alarm(40)  # instead of hanging

import jobkit
from jobkit.connections.portal import portal

app = jobkit.App(sys.argv[1])

@app.job(name="shop.send")
def send(number: int) -> None: ...

def use():
    assert send.enqueue(1)
    app.enqueue_in_background(send.call(2))
    app.sender.flush(20)
    app.cancel("unknown")

def fork(codes):
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # instead of hanging
        code = 1
        try:
            use()
            code = 0
        finally:
            os._exit(code)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

def fork_at_once(threads):
    codes = []
    forking = [threading.Thread(target=fork, args=(codes,)) for _ in range(threads)]
    for thread in forking:
        thread.start()
    for thread in forking:
        thread.join()
    assert codes == [0] * threads, codes

use()
"""

HELD = """
def locks():
    clients = app.clients("default")
    yield clients._lock
    yield portal()._lock
    yield app.sender._postbox._lock
    blocking = clients.blocking()
    if hasattr(blocking, "_idle"):
        yield blocking._lock
    if sys.argv[1].startswith("sqlite"):
        from jobkit.backends.sqlite import notifier
        yield notifier._lock

def hold(lock, held, over):
    with lock:
        held.set()
        over.wait()

for lock in locks():
    for threads in (1, 2):
        held, over = threading.Event(), threading.Event()
        holder = threading.Thread(target=hold, args=(lock, held, over))
        holder.start()
        held.wait()
        fork_at_once(threads)
        over.set()
        holder.join()
        use()
"""

INSIDE = """
over = threading.Event()

def enqueue():
    while not over.is_set():
        send.enqueue(3)

def post():
    while not over.is_set():
        app.enqueue_in_background(send.call(4))
        app.sender.flush(20)

def open_stores():
    while not over.is_set():
        jobkit.App(sys.argv[1]).clients("default").blocking()

busy = [threading.Thread(target=each) for each in (enqueue, enqueue, post, open_stores)]
for thread in busy:
    thread.start()
for _ in range(4):
    fork_at_once(3)
over.set()
for thread in busy:
    thread.join()
use()
"""


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    server = Server.start()
    yield server.url
    server.stop()


@pytest.fixture(params=["inline", "sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    return "inline:" if request.param == "inline" else f"sqlite:///{tmp_path}/jobs.db"


def run(script: str, url: str) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM + script, url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_threads_fork_while_another_holds_a_lock(url: str) -> None:
    run(HELD, url)


def test_threads_fork_while_others_are_inside_the_store(url: str) -> None:
    run(INSIDE, url)


def test_a_child_that_exits_leaves_the_parents_connections_alone(redis_url: str) -> None:
    run(
        """
child = os.fork()
if child == 0:
    use()
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
use()
""",
        redis_url,
    )


METHODS = """
import multiprocessing, sys, threading
import jobkit

app = jobkit.App(sys.argv[1])

@app.job(name="shop.send")
def send(number: int) -> None: ...

def child():
    assert send.enqueue(1)
    app.enqueue_in_background(send.call(2))
    app.cancel("unknown")

def start(codes):
    process = multiprocessing.get_context(sys.argv[2]).Process(target=child)
    process.start()
    process.join(40)
    codes.append(process.exitcode)

if __name__ == "__main__":
    child()
    codes = []
    with app.clients("default")._lock:
        threads = [threading.Thread(target=start, args=(codes,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    child()
    app.close()
    sys.exit(0 if codes == [0, 0] else str(codes))
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_have_their_own(tmp_path: Path, method: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(METHODS)
    command = [sys.executable, str(program), f"sqlite:///{tmp_path}/jobs.db", method]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # Python 3.12; it is the point
def test_a_lock_is_free_in_a_child_whoever_held_it() -> None:
    """Another thread at the fork, or the one that forks, which lets go of it in the child as well."""
    lock, held, let_go = RenewedLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            let_go.wait(30)

    def child_ends_well() -> bool:
        if (child := os.fork()) == 0:
            signal.alarm(20)  # instead of hanging
            with lock:
                os._exit(0)
        return os.waitpid(child, 0)[1] == 0

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    assert child_ends_well()
    let_go.set()
    thread.join()
    with lock:
        assert child_ends_well()
    assert child_ends_well()
