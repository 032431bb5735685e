"""Forks while clients have the file open, and says how children and parent go on."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from itertools import count
from typing import Any

from jobkit.backend import Message
from jobkit.backends.sqlite import SqliteBackend, factory

URL = sys.argv[1]
numbers = count()


def word(outcomes: list[Any]) -> str:
    return ", ".join(type(outcome).__name__.lower() for outcome in outcomes)


async def enqueue(backend: SqliteBackend, id: str) -> str:
    return word(await backend.enqueue([Message(id, "q", b"")]))


def forked(work: Any) -> str:
    """What a child says who does this."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        try:
            said = work()
        except Exception as error:  # noqa: BLE001 - said, and looked at by the test
            said = repr(error)
        os.write(writes, str(said).encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def threads_enqueue(blocking: Any, until: threading.Event, done: list[int]) -> None:
    while not until.is_set():
        blocking.enqueue([Message(f"thread {next(numbers)}", "q", b"")])
        done.append(1)


def main() -> None:
    inherited, blocking = factory(URL, "test", None), factory(URL, "test", None).blocking()
    asyncio.run(enqueue(inherited, "first"))
    blocking.enqueue([Message("second", "q", b"")])
    said: dict[str, Any] = {"connected in the child": forked(lambda: inherited.store.connected) == "True"}
    said["children"] = [
        forked(lambda: asyncio.run(enqueue(inherited, "of a child, with its parent's client"))),
        forked(lambda: word(blocking.enqueue([Message("of a child, blocking", "q", b"")]))),
        forked(lambda: asyncio.run(enqueue(factory(URL, "test", None), "of a child, with its own"))),
    ]
    over, done = threading.Event(), list[int]()
    threads = [threading.Thread(target=threads_enqueue, args=(blocking, over, done)) for _ in range(3)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(10):
        child = os.fork()
        if not child:
            ok = word(factory(URL, "test", None).blocking().enqueue([Message(f"child {number}", "q", b"")]))
            os._exit(0 if ok == "accepted" else 1)
        children.append(child)
    said["while threads enqueue"] = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    over.set()
    for thread in threads:
        thread.join()
    said["parent after that"] = asyncio.run(enqueue(inherited, "last"))
    said["enqueued"] = 2 + 3 + len(done) + 10 + 1
    said["ready"] = asyncio.run(inherited.counts("q")).ready
    sys.stdout.write(json.dumps(said))


main()
