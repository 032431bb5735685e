"""Where everything of one run is played: a harness, an event loop, a namespace a play."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from jobkit.backend import Capabilities
from jobkit_conformance import preflight
from jobkit_conformance.applicability import unmet
from jobkit_conformance.env import Env
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.profiles import Profile

T = TypeVar("T")


class RunContext:
    """``target`` is what the harness is called on the command line."""

    def __init__(self, harness: BackendHarness, profile: Profile, seed: int) -> None:
        self.harness = harness
        self.profile = profile
        self.seed = seed
        self.target = ""
        self.runner = asyncio.Runner()
        self.tell: Callable[[float], None] = lambda _share: None
        """Hears what share of the part that is played is over."""
        self._capabilities: Capabilities | None = None
        self._plays = 0

    @property
    def capabilities(self) -> Capabilities:
        """What the backend claims; read once, outside of the loop."""
        if self._capabilities is None:
            self._capabilities = self.run(preflight.capabilities(self.harness, self.namespace()))
        return self._capabilities

    def unmet_needs(self, *needs: str) -> list[str]:
        """The needs that are not met here."""
        return unmet(needs, self.capabilities, self.harness)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def namespace(self) -> str:
        """One that nobody had before."""
        self._plays += 1
        return f"kit-{os.getpid()}-{self._plays}"

    def env(self, rule: str = "") -> Env:
        return Env(self.harness, self.namespace(), self.capabilities, rule, self.profile, self.seed)

    async def with_env(self, play: Callable[[Env], Coroutine[Any, Any, T]]) -> T:
        """Play in a new environment, and clear it."""
        env = self.env()
        try:
            return await play(env)
        finally:
            await env.close()
