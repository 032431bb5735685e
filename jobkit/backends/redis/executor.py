"""Carries requests to a server and answers back: again when a connection is lost, as long as there is time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, TypeVar

from redis.exceptions import NoScriptError, RedisError

from jobkit.backends.redis.connection import NotSent, PipelinedConnection
from jobkit.backends.redis.errors import had_no_effect, may_be_tried_again, refused, translate
from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.redis_py import Connect
from jobkit.backends.redis.replication import ReplicaWaiter, too_few_replicas
from jobkit.backends.redis.request_factory import Request, RequestFactory
from jobkit.backends.redis.requests import Command, Operation, Reply, ScriptCall
from jobkit.backends.redis.settings import Settings

T = TypeVar("T")


class CommandExecutor:
    """Of one client, in one event loop. ``check``: raises once the client is closed."""

    def __init__(self, settings: Settings, keys: Keys, make: Connect, check: Callable[[], None]) -> None:
        self._settings = settings
        self._check = check
        self._requests = RequestFactory(keys, os.urandom(6).hex(), settings.capabilities.repeat_window)
        self.channel = PipelinedConnection(make, settings.timeout / 1000)
        self._acknowledging = ReplicaWaiter(self.channel, settings.wait_replicas, settings.wait_timeout)

    async def run(self, steps: Operation[T]) -> T:
        """Do the steps, one after another; what they return."""
        try:
            request = next(steps)
            while True:
                request = steps.send(await self._carry(request))
        except StopIteration as end:
            value: T = end.value
            return value

    async def _carry(self, request: ScriptCall | Command) -> Reply:
        here = asyncio.get_running_loop().time
        until = here() + self._settings.timeout / 1000
        pauses = iter(self._settings.pauses)
        repeated = False
        before: Exception | None = None
        with self._requests.begin(request) as marked:
            sending = self._send(marked)
            while True:
                try:
                    value, acknowledged = await sending
                except (RedisError, OSError) as raised:
                    self._check()
                    # Out of time for another try: the one before says why.
                    error = before if before is not None and type(raised) is TimeoutError else raised
                    before = error
                    if isinstance(request, Command) and request.optional and refused(error):
                        return Reply(None)
                    pause = next(pauses, None)
                    had_effect = not (isinstance(error, NotSent) or had_no_effect(error))  # as far as anybody can tell
                    done = had_effect and isinstance(request, ScriptCall) and request.not_retryable
                    if pause is None or here() + pause >= until or done or not may_be_tried_again(error):
                        raise translate(error, self._settings.where) from error
                    repeated = repeated or had_effect
                else:
                    return self._reply(request, value, acknowledged, repeated=repeated)
                await asyncio.sleep(pause)
                sending = self._send_within(until - here(), marked)

    def _reply(self, request: ScriptCall | Command, value: Any, acknowledged: int | None, *, repeated: bool) -> Reply:
        enough = acknowledged is None or acknowledged >= self._settings.wait_replicas
        if not enough and not (isinstance(request, ScriptCall) and request.tolerates_no_ack):
            raise too_few_replicas(self._settings)
        return Reply(value, repeated, enough)

    async def _send_within(self, seconds: float, marked: Request) -> tuple[Any, int | None]:
        async with asyncio.timeout(seconds):
            return await self._send(marked)

    async def _send(self, marked: Request) -> tuple[Any, int | None]:
        """The answer, and how many replicas have what was written, where somebody wants to know."""
        try:
            answer, connection = await self.channel.call_on(marked.words())
        except NoScriptError:
            answer, connection = await self.channel.call_on(marked.words(in_full=True))
        if not (self._settings.wait_replicas and marked.writes):
            return answer, None
        return answer, await self._acknowledging.count(connection)
