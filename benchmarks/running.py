"""How a subject is run: as a process of its own, in an environment of its own, on a server that is empty before."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import redis
from subjects import Subject

from jobkit.testing.redis.server import Server

HERE = Path(__file__).parent


def environment(cache: Path, subject: Subject) -> Path:
    """The Python of a subject's own environment, with its packages in it; made on the first run."""
    folder = cache / subject.name
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        packages = [package.replace(".[", f"{HERE.parent}[") for package in subject.packages]
        editable = [
            each for package in packages for each in (["-e", package] if package.startswith("/") else [package])
        ]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *editable], check=True)
    return python


class Runner:
    """Runs measures of one subject on one server."""

    def __init__(self, subject: Subject, python: Path, server: Server) -> None:
        self.subject = subject
        self.server = server
        self._python = python
        self._module = f"subjects.with_{subject.name}"
        self.known: frozenset[str] = frozenset(json.loads(self._call()))

    def measure(self, name: str, count: int) -> dict[str, Any]:
        """Run a measure to its end, and what it said."""
        answer: dict[str, Any] = json.loads(self._call(name, self.server.url, str(count)).splitlines()[-1])
        return answer

    def run(self, name: str, count: int) -> None:
        self._call(name, self.server.url, str(count))

    def begin(self, name: str, count: int) -> subprocess.Popen[str]:
        """Begin a measure that somebody else keeps busy; it has said that it is ready."""
        process = subprocess.Popen(
            self._command(name, self.server.url, str(count)), cwd=HERE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"ready": True}
        return process

    def _command(self, *words: str) -> list[str]:
        return [str(self._python), "-m", self._module, *words]

    def _call(self, *words: str) -> str:
        command = self._command(*words)
        ended = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=900, check=False)
        if ended.returncode:
            raise SystemExit(f"{self._module} {' '.join(words)} failed:\n{ended.stderr[-2000:]}")
        return ended.stdout


class Meter:
    """What a server has done so far, and what it holds."""

    def __init__(self, server: Server) -> None:
        self._client: Any = redis.Redis.from_url(server.url, socket_timeout=None)  # nobody may say anything for long

    def empty(self) -> None:
        self._client.flushall()
        self._client.config_resetstat()

    def cpu(self) -> float:
        """Seconds."""
        used = self._client.info("cpu")
        return float(used["used_cpu_user"] + used["used_cpu_sys"])

    def memory(self) -> int:
        """Bytes."""
        return int(self._client.info("memory")["used_memory"])

    def sent(self, seconds: float) -> int:
        """How many commands clients send meanwhile; what scripts do is not counted."""
        end = "the watch ends"
        timer = threading.Timer(seconds, lambda: self._client.echo(end))
        count = 0
        with self._client.monitor() as watch:
            timer.start()
            for seen in watch.listen():
                if end in seen["command"]:
                    return count
                count += seen["client_type"] != "lua"
        raise AssertionError("a watch has an end")

    def script_seconds(self) -> float:
        """In scripts, since the last time it was asked."""
        stats = self._client.info("commandstats")
        spent = sum(stats.get(f"cmdstat_{name}", {}).get("usec", 0) for name in ("evalsha", "eval"))
        self._client.config_resetstat()
        return float(spent) / 1e6
