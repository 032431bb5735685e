"""An app of isolated jobs, in a module that other processes can import."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import jobkit

APP = """
import asyncio, atexit, ctypes, logging, os, signal, subprocess, sys, threading, time
import multiprocessing.pool, multiprocessing.util
from pathlib import Path
import jobkit

app = jobkit.App("inline:")
here = Path(__file__).parent

def note(text):
    with here.joinpath("notes").open("a") as file:
        file.write(f"{text}\\n")

@app.job(name="pid", isolate="process")
def pid() -> None:
    note(os.getpid())

@app.job(name="no_threads", isolate="process")
async def no_threads(count: int) -> None:
    start, refusals = threading.Thread.start, iter(range(count))

    def refuse(thread):
        if next(refusals, None) is None:
            return start(thread)
        raise RuntimeError("can't start new thread")

    threading.Thread.start = refuse

@app.job(name="talk", isolate="process", limit=1)
def talk(hang: bool) -> None:
    print("a line of a job")
    time.sleep(60 if hang else 0)

@app.job(name="leave_exit_work", isolate="process")
def leave_exit_work() -> None:
    atexit.register(note, "exit handler")
    multiprocessing.util.Finalize(None, note, ("finalizer",), exitpriority=10)

    def late() -> None:
        threading.main_thread().join()  # until the interpreter ends
        note("thread")

    threading.Thread(target=late).start()

@app.job(name="leave_endless_exit_work", isolate="process")
def leave_endless_exit_work() -> None:
    note(os.getpid())
    atexit.register(ctypes.PyDLL(None).usleep, 60_000_000)

@app.job(name="spin", isolate="process")
def spin() -> None:
    note(os.getpid())
    ctypes.PyDLL(None).usleep(60_000_000)

@app.job(name="swallow", isolate="process")
async def swallow() -> None:
    note(os.getpid())
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            note("goes on")

def helper() -> None:
    note(subprocess.Popen(["sleep", "120"]).pid)

@app.job(name="hang_with_helper", isolate="process", limit=1, retry=jobkit.Retry(attempts=2, wait=60))
def hang_with_helper() -> None:
    helper()
    time.sleep(60)

@app.job(name="sleep_with_helper", isolate="process")
def sleep_with_helper() -> None:
    helper()
    note(os.getpid())
    time.sleep(60)

@app.job(name="ignore_term", isolate="process")
def ignore_term() -> None:
    note(os.getpid())
    while not here.joinpath("go-on").exists():
        time.sleep(0.01)
    with multiprocessing.get_context("fork").Pool(2) as pool:  # leaving the block ends the children, by TERM
        pool.map(abs, range(10))
    other = subprocess.Popen(["sleep", "120"])
    other.terminate()
    note(other.wait())

@app.job(name="noted_async")
async def noted_async(text: str) -> None:
    note(text)

@app.job(name="noted_plain")
def noted_plain(text: str) -> None:
    note(text)

@app.job(name="noted_isolated", isolate="process")
def noted_isolated(text: str) -> None:
    note(text)

@app.job(name="leave_helper", isolate="process")
def leave_helper(crash: bool) -> None:
    helper()
    if crash:
        os.kill(os.getpid(), signal.SIGKILL)

@app.job(name="fork", isolate="process")
def fork(crash: bool) -> None:
    # What is forked holds each descriptor, and is in a group of its own.
    if (forked := os.fork()) == 0:
        os.setsid()
        time.sleep(120)
        os._exit(0)
    note(forked)
    if crash:
        os.kill(os.getpid(), signal.SIGKILL)

@app.job(name="close_all", isolate="process")
def close_all() -> None:
    os.closerange(3, 256)
    note(os.getpid())
    time.sleep(60)

@app.job(name="later", isolate="process")
async def later() -> None:
    await asyncio.sleep(0)
    note(os.getpid())

@app.job(name="hold", isolate="process")
def hold(seconds: float) -> None:
    note(f"begins {jobkit.this_job().attempt}")
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))  # PyDLL keeps the interpreter's lock
    note("ends")

@app.job(name="hang", isolate="process", limit=3, retry=jobkit.Retry(attempts=2, wait=60, on=jobkit.TimeLimit))
def hang() -> None:
    note(os.getpid())
    ctypes.PyDLL(None).usleep(60_000_000)

AGAIN = jobkit.Retry(attempts=3, wait=7, on=ConnectionError)

@app.job(name="fail", isolate="process", retry=AGAIN, discard=LookupError)
def fail(kind: str) -> None:
    raise {"retry": ConnectionError, "discard": LookupError, "dead": ValueError}[kind]("no card")

@app.job(name="say", isolate="process")
def say() -> None:
    logging.getLogger("shop").error("no card of %s", 7)

@app.job(name="crash", isolate="process")
def crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

@app.job(name="count", isolate="process")
def count() -> None:
    job = jobkit.this_job()
    for page in range(job.last_checkpoint(int, 0), 1000):
        job.checkpoint(page + 1)
        note(f"page {page} of attempt {job.attempt}")
        while page == 1 and not job.should_stop:
            time.sleep(0.01)

@app.job(name="wait", isolate="process")
async def wait() -> None:
    note("waits")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        note("cancelled" if jobkit.this_job().cancelled else "why?")
        raise
"""


class Shop:
    """An app in a module that other processes can import."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.joinpath(f"{name}.py").write_text(APP)
        self.folder = folder
        self._notes = folder / "notes"
        self.module: Any = import_module(name)
        self.app: jobkit.App = self.module.app

    @property
    def notes(self) -> list[str]:
        return self._notes.read_text().splitlines() if self._notes.exists() else []

    async def until(self, note: str) -> None:
        await self._until(lambda: note in self.notes)

    async def until_noted(self, count: int) -> None:
        await self._until(lambda: len(self.notes) >= count)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.01)  # what another process does can only be looked at now and then


async def end_of(pid: int) -> None:
    """Wait until a process has ended."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(process, ended.set)
    try:
        async with asyncio.timeout(20):
            await ended.wait()
    finally:
        loop.remove_reader(process)
        os.close(process)


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
