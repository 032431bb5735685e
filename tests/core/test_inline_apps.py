"""An app on ``inline:`` performs its jobs by itself, in the process that enqueued them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

import jobkit


async def test_on_the_running_loop() -> None:
    app = jobkit.App("inline:")
    done: asyncio.Queue[tuple[str, asyncio.AbstractEventLoop | None]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    @app.job(name="later", queue="mail")
    async def later() -> None:
        done.put_nowait(("later", asyncio.get_running_loop()))

    @app.job(name="now")
    def now() -> None:
        loop.call_soon_threadsafe(done.put_nowait, ("now", None))

    await later.aenqueue()
    await now.aenqueue()
    async with asyncio.timeout(30):
        assert {await done.get(), await done.get()} == {("later", loop), ("now", None)}


async def test_children_too_and_queues_that_were_declared_since() -> None:
    app = jobkit.App("inline:")
    done = asyncio.Event()

    @app.job(name="parent")
    async def parent() -> None:
        await child.aenqueue()

    await parent.aenqueue()

    @app.job(name="child", queue="declared since")
    async def child() -> None:
        done.set()

    async with asyncio.timeout(30):
        await done.wait()


async def test_a_worker_that_can_not_go_on_is_followed_by_another_with_the_next_enqueue() -> None:
    app = jobkit.App("inline:")
    done: asyncio.Queue[int] = asyncio.Queue()

    @app.job(name="careless")
    async def careless(number: int) -> None:
        for task in asyncio.all_tasks():
            if task.get_name() == "jobkit-feed":
                task.cancel()
        done.put_nowait(number)

    async with asyncio.timeout(30):
        for number in range(3):
            await careless.aenqueue(number)
            assert await done.get() == number


async def test_a_worker_that_could_not_be_started_is_started_with_the_next_enqueue(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = jobkit.App("inline:")
    done, told = list[int](), asyncio.Event()
    start, failures = jobkit.Worker.start, [OSError(24, "Too many open files")]

    @app.job(name="note")
    async def note(number: int) -> None:
        done.append(number)
        told.set()

    async def once(worker: jobkit.Worker) -> None:
        if failures:
            raise failures.pop()
        await start(worker)

    monkeypatch.setattr(jobkit.Worker, "start", once)
    async with asyncio.timeout(30):
        await note.aenqueue(1)
        while failures:
            await asyncio.sleep(0)
        await note.aenqueue(2)
        while len(done) < 2:
            told.clear()
            await told.wait()
    assert done == [1, 2]
    assert "could not be started, and its jobs wait" in caplog.text


def test_each_loop_has_its_worker() -> None:
    app = jobkit.App("inline:")
    performed: list[int] = []

    async def main(number: int) -> None:
        done = asyncio.Event()

        @app.job(name=f"job-{number}")
        async def job() -> None:
            performed.append(number)
            done.set()

        await job.aenqueue()
        async with asyncio.timeout(30):
            await done.wait()

    for number in range(3):
        asyncio.run(main(number))
    assert performed == [0, 1, 2]


SCRIPT = """
import os
import jobkit

app = jobkit.App("inline:")

@app.job(name="send", retry=jobkit.Retry(on=OSError))
def send(user_id: int) -> None:
    os.write(1, b"sent %d\\n" % user_id)

for user_id in range(3):
    send.enqueue(user_id)
send.using(delay=3600).enqueue(9)
"""


@pytest.mark.realtime
def test_for_a_program_without_a_loop_before_it_ends() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert sorted(ended.stdout.splitlines()) == ["sent 0", "sent 1", "sent 2"]
    assert ended.stderr == "1 jobs were waiting in the memory of this process, and are lost with it\n"
    assert ended.returncode == 0


CHILD = """
import asyncio, multiprocessing, os, sys
import jobkit

app = jobkit.App("inline:")

@app.job(name="send")
def send(who: str) -> None:
    os.write(1, f"sent by {who}\\n".encode())

def enqueue(who):
    for _ in range(3):
        send.enqueue(who)

async def main(method):
    async with jobkit.Worker(app):
        child = multiprocessing.get_context(method).Process(target=enqueue, args=("the child",))
        child.start()
        await asyncio.to_thread(child.join)
        assert child.exitcode == 0

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.realtime
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_for_a_child_of_multiprocessing_whose_parent_has_a_worker(tmp_path: Path, method: str) -> None:
    """The child's jobs are in its own memory, where no worker of the parent sees them."""
    tmp_path.joinpath("program.py").write_text(CHILD)
    ended = subprocess.run(
        [sys.executable, "program.py", method], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, "sent by the child\n" * 3), ended.stderr
