"""The same verbs for callers without an event loop: a connection a call, kept for the next."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import Any, TypeVar

from redis.exceptions import NoScriptError, RedisError

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.redis.commands import Commands
from jobkit.backends.redis.errors import had_no_effect, may_be_tried_again, refused, translate
from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.redis_py import BlockingConnection, ConnectBlocking
from jobkit.backends.redis.replication import too_few_replicas
from jobkit.backends.redis.request_factory import Request, RequestFactory
from jobkit.backends.redis.requests import Command, Operation, Reply, ScriptCall
from jobkit.backends.redis.routed_connection import blocking_opener
from jobkit.backends.redis.server_checks import check_eviction_policy
from jobkit.backends.redis.settings import Settings
from jobkit.errors import Closed
from jobkit.validation import check_messages

T = TypeVar("T")


class BlockingRedis:
    """Any thread may call it; calls do not wait for one another."""

    def __init__(self, settings: Settings, keys: Keys, moves: Commands, connect: ConnectBlocking | None = None) -> None:
        self._settings = settings
        self._capabilities = settings.capabilities
        self._moves = moves
        self._requests = RequestFactory(keys, os.urandom(6).hex(), self._capabilities.repeat_window)
        self._make = connect or blocking_opener(settings, keys.meta)
        self._lock = threading.Lock()
        self._idle: list[BlockingConnection] = []
        self._checked = False
        self._closed = False

    def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        check_messages(messages, self._capabilities)
        return self._drive(self._moves.enqueue(messages))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.disconnect()

    def _drive(self, steps: Operation[T]) -> T:
        if self._closed:
            raise Closed(f"this backend ({self._settings.where}) is closed")
        if not self._checked:
            self._follow(check_eviction_policy(self._settings.where))
            self._checked = True
        return self._follow(steps)

    def _follow(self, steps: Operation[T]) -> T:
        try:
            request = next(steps)
            while True:
                request = steps.send(self._carry(request))
        except StopIteration as end:
            value: T = end.value
            return value

    def _carry(self, request: ScriptCall | Command) -> Reply:
        """Send a request; again when its connection was lost."""
        until = time.monotonic() + self._settings.timeout / 1000
        pauses = iter(self._settings.pauses)
        repeated = False
        with self._lock:
            marked = self._requests.begin(request)
        while True:
            try:
                value = self._send(marked)
            except (RedisError, OSError) as error:
                if isinstance(request, Command) and request.optional and refused(error):
                    self._end(marked)
                    return Reply(None)
                pause = next(pauses, None)
                if pause is None or time.monotonic() + pause > until or not may_be_tried_again(error):
                    self._end(marked)
                    raise translate(error, self._settings.where) from error
                repeated = repeated or not had_no_effect(error)
                time.sleep(pause)
            else:
                self._end(marked)
                return Reply(value, repeated)

    def _end(self, marked: Request) -> None:
        with self._lock:
            marked.end()

    def _send(self, marked: Request) -> Any:
        """The answer, once enough replicas have what was written."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._make()
        try:
            answer = self._ask(connection, marked)
        except BaseException:
            connection.disconnect()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return answer
        connection.disconnect()
        return answer

    def _ask(self, connection: BlockingConnection, marked: Request) -> Any:
        try:
            connection.send_command(*marked.words())
            answer = connection.read_response(disable_decoding=True)
        except NoScriptError:
            connection.send_command(*marked.words(in_full=True))
            answer = connection.read_response(disable_decoding=True)
        if self._settings.wait_replicas and marked.writes:
            connection.send_command("WAIT", self._settings.wait_replicas, self._settings.wait_timeout)
            if int(connection.read_response(disable_decoding=True)) < self._settings.wait_replicas:
                raise too_few_replicas(self._settings)
        return answer
