"""The very script that an enqueue runs, called by redis-py with arguments that were made before: no app, no backend."""

from __future__ import annotations

import asyncio

import redis
import redis.asyncio
import uvloop

from jobkit.backend import Message
from jobkit.backends.redis.commands import Commands
from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.request_factory import RequestFactory
from jobkit.backends.redis.requests import Word
from jobkit.backends.redis.scripts import script
from subjects.stopwatch import main, say, timed
from subjects.with_bare import BODY, HEADERS


def blocking(url: str, count: int) -> None:
    client = redis.Redis.from_url(url)
    client.script_load(script("enqueue").text)
    commands = _commands(count)
    timed(lambda: [client.execute_command(*words) for words in commands])


def awaited(url: str, count: int) -> None:
    async def run() -> None:
        client = redis.asyncio.Redis.from_url(url)
        await client.script_load(script("enqueue").text)
        commands = _commands(count)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for words in commands:
            await client.execute_command(*words)
        say(loop.time() - begun)
        await client.aclose()

    uvloop.run(run())


def _commands(count: int) -> list[list[Word]]:
    keys = Keys("script")
    moves, requests = Commands(keys, lambda: ""), RequestFactory(keys, "benchmark", 60_000)
    commands: list[list[Word]] = []
    for number in range(count):
        request = next(moves.enqueue([Message(f"{number:024}", "default", BODY, headers=HEADERS)]))
        with requests.begin(request) as marked:
            commands.append(marked.words())
    return commands


MEASURES = {"blocking": blocking, "awaited": awaited}

if __name__ == "__main__":
    main(MEASURES)
