"""Whatever is written into the store, a worker executes nothing that it was not given, logs no secret, and lives."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from msgspec import structs

from jobkit.backend import Message, Stored
from jobkit.backends.redis import RedisBackend
from jobkit.backends.redis.settings import read
from jobkit.errors import InvalidMessage
from jobkit.lifecycle import State
from jobkit.testing.redis.server import Server

pytestmark = pytest.mark.realtime

PASSWORD = "correct-horse"
SECRET = "4111-1111-1111-1111"
QUEUE = "a:b{c}*?[x]'\"; FLUSHALL \u202egnp.exe"

APP = f"""
import os
import jobkit

app = jobkit.App()
app.queue({QUEUE!r})

@app.job(name="shop.pay")
def pay(card: str) -> None: ...

@app.job(name="shop.odd", queue={QUEUE!r})
def odd(number: int) -> None: ...
"""

HEADERS = {"job": "shop.pay", "v": "1", "coder": "json"}


class Bomb:
    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self._canary}",)


class Generous(RedisBackend):
    """Somebody who writes into the store and keeps to no limit."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._capabilities = structs.replace(self._capabilities, max_body=1 << 29, max_batch_bytes=1 << 30)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server.start()
    with redis.Redis.from_url(server.url) as client:
        client.config_set("requirepass", PASSWORD)
    yield server
    server.stop()


def url(server: Server, password: str = PASSWORD) -> str:
    return server.url.replace("redis://", f"redis://:{password}@")


def attacks(canary: Path) -> dict[str, Message]:
    bomb = pickle.dumps(Bomb(canary))
    touch = f'{{"command":"touch {canary}"}}'.encode()

    def message(id: str, body: bytes, **headers: str) -> Message:
        return Message(id, "default", body, headers={**HEADERS, **headers})

    found = [
        message("pickled", bomb),
        message("pickle-by-name", bomb, coder="pickle"),
        message("coder-by-path", bomb, coder="pickle:loads"),
        message("os-system", touch, job="os.system"),
        message("posix-system", touch, job="posix.system"),
        message("expression", touch, job=f"__import__('os').system('touch {canary}')"),
        message("nested", b'{"card":' * 1_000_000),
        message("nested-list", b"[" * 1_000_000),
        message("control", b"{}", job="\x1b[2J\x1b]0;owned\x07\r\n2026-01-01 CRITICAL forged line", v="1"),
        message("long-name", b"{}", job="shop.pay" * 100_000),
        message("control-version", b"{}", v="1\x1b[31m\nforged line"),
        message("secret", f'{{"card":["{SECRET}"]}}'.encode()),
        message("control-field", b'{"\\u001b[2J\\nforged line":1}'),
        message("empty", b""),
        message("not-utf8", b"\xff\xfe{}"),
        message("huge", b'{"card":"' + b"x" * (1 << 28) + b'",'),
    ]
    return {each.id: each for each in found}


def test_a_worker_survives_whatever_is_in_its_store(server: Server, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    tmp_path.joinpath("shop.py").write_text(APP)
    asyncio.run(write(url(server), list(attacks(canary).values())))
    environment = {**os.environ, "JOBKIT_BACKEND": f"{url(server)}?timeout=60000"}
    command = [sys.executable, "-m", "jobkit", "worker", "shop:app", "--lease", "60", "--log-level", "debug"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        try:
            # What is enqueued last is performed: the worker is alive, and so are its other queues.
            enqueue = f"import shop; shop.odd.enqueue(7); shop.pay.enqueue({SECRET!r})"
            subprocess.run([sys.executable, "-c", enqueue], cwd=tmp_path, env=environment, check=True)
            reasons = asyncio.run(dead(url(server), len(attacks(canary))))
        finally:
            worker.send_signal(signal.SIGTERM)
            _, log = worker.communicate(timeout=60)
    assert worker.returncode == 0, log
    assert not canary.exists()
    assert reasons.keys() == attacks(canary).keys()
    assert "no job named 'os.system'" in reasons["os-system"]
    assert all(0 < len(reason) < 9_000 for reason in reasons.values())
    for told in (log, *reasons.values()):
        assert SECRET not in told
        assert PASSWORD not in told
    assert "\x1b" not in log
    assert "\x07" not in log
    assert not any(line.startswith(("2026-01-01 CRITICAL", "forged line")) for line in log.splitlines())


async def write(to: str, messages: list[Message]) -> None:
    backend = Generous(read(f"{to}?timeout=60000"), "jobkit")
    for message in messages:
        await backend.enqueue([message])
    await backend.close()


async def dead(at: str, wanted: int) -> dict[str, str]:
    """Why each is dead, once nothing else is kept."""
    backend = RedisBackend(read(f"{at}?timeout=60000"), "jobkit")
    async with asyncio.timeout(120):
        while True:
            found = [await backend.counts(queue) for queue in ("default", QUEUE)]
            if not any(each.ready or each.leased or each.scheduled for each in found) and found[0].dead >= wanted:
                break
            await asyncio.sleep(0.1)
    page = await backend.peek("default", State.DEAD)
    while page.cursor is not None:
        more = await backend.peek("default", State.DEAD, page.cursor)
        page = structs.replace(more, jobs=[*page.jobs, *more.jobs])
    await backend.close()
    return {each.message.id: each.reason or "" for each in page.jobs if isinstance(each, Stored)}


def test_a_body_of_a_gibibyte_is_refused_before_anything_is_sent(server: Server) -> None:
    async def enqueue() -> None:
        backend = RedisBackend(read(url(server)), "jobkit")
        with pytest.raises(InvalidMessage, match="the body has at most 1048576 bytes here, not 1073741824"):
            await backend.enqueue([Message("a", "default", bytes(1 << 30))])
        assert await backend.queues() == []
        await backend.close()

    asyncio.run(enqueue())


def test_a_password_is_told_to_nobody(server: Server, tmp_path: Path) -> None:
    tmp_path.joinpath("shop.py").write_text(APP)
    wrong = "wrong-battery"
    environment = {**os.environ, "JOBKIT_BACKEND": url(server, wrong)}
    command = [sys.executable, "-c", f"import shop; shop.pay.enqueue({SECRET!r})"]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "BackendUnavailable" in ended.stderr
    assert wrong not in ended.stderr
    assert SECRET not in ended.stderr.replace(command[2], "")
