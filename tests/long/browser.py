"""A real Chromium, spoken to through a pipe: what the tests of pages need of it, and nothing else."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 30.0
"""Seconds for any answer; a browser that starts on a busy machine takes some."""

ON_3_AND_4 = """
import os, sys
from fcntl import F_DUPFD, fcntl
orders, answers = (fcntl(int(each), F_DUPFD, 10) for each in sys.argv[1:3])
os.dup2(orders, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Becomes the browser, which takes its orders on 3, and answers on 4."""

KEYS = {"Tab": 9, "Enter": 13, " ": 32}
TEXTS = {"Enter": "\r", " ": " "}


class Browser:
    """One page in one Chromium. ``events``: what it told unasked, such as requests and errors."""

    def __init__(self, requests: int, answers: int) -> None:
        self.events: list[dict[str, Any]] = []
        self._requests = requests
        self._answers = answers
        self._last = 0
        self._rest = b""
        self._session = ""

    def attach(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its answer."""
        self._last += 1
        command: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._requests, json.dumps(command).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._last:
                assert "error" not in told, f"{method}: {told['error']}"
                answer: dict[str, Any] = told["result"]
                return answer
            self.events.append(told)

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"the browser did not answer within {PATIENCE:g} s"
            piece = os.read(self._answers, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(text)
        return told

    # What tests do with a page.

    def show(self, path: Path, *, width: int, scheme: str) -> None:
        """Open a page as on a screen this wide, with this colour scheme."""
        self.events.clear()
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url=path.as_uri())
        self.until(
            lambda: self.value("document.readyState") == "complete" and self.value("location.href") != "about:blank"
        )

    def value(self, expression: str) -> Any:
        """What an expression comes to."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """A key, as a hand does it."""
        code = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key]}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **code, **({"text": TEXTS[key]} if key in TEXTS else {}))
        self.ask("Input.dispatchKeyEvent", type="keyUp", **code)

    def tab_to(self, selector: str, *, most: int = 250) -> None:
        """Go on with the tabulator until this element has the focus."""
        for _ in range(most):
            if self.value(f"document.activeElement.matches({json.dumps(selector)})"):
                return
            self.press("Tab")
        raise AssertionError(f"{selector} is not to be reached with {most} tabs")

    def until(self, holds: Callable[[], object]) -> None:
        """Ask until it is so."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, "it never came to be"

    def complaints(self) -> list[str]:
        """Errors of the page, and whatever it wanted from elsewhere."""
        found: list[str] = []
        for event in self.events:
            params = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown" | "Log.entryAdded":
                    found.append(json.dumps(params))
                case "Network.requestWillBeSent" if not params["request"]["url"].startswith("file:"):
                    found.append(params["request"]["url"])
                case _:
                    pass
        return found


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A Chromium of its own, with a folder of its own, that ends with the block."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "these tests need Chromium: apt-get install chromium"
    from_us, requests = os.pipe()
    answers, to_us = os.pipe()
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"]
    process = subprocess.Popen(
        [sys.executable, "-c", ON_3_AND_4, str(from_us), str(to_us), path, *flags, f"--user-data-dir={profile}"],
        pass_fds=(from_us, to_us),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(from_us)
    os.close(to_us)
    try:
        browser = Browser(requests, answers)
        browser.attach()
        yield browser
    finally:
        process.terminate()
        process.wait(PATIENCE)
        os.close(requests)
        os.close(answers)
