"""An app for worker processes: no-op jobs, counted now and then, and jobs that hold until their worker is gone."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import sys

import redis.asyncio

import jobkit

app = jobkit.App()
app.queue("held")
EVERY = 1000
"""Jobs between two counts, so that counting costs nothing."""

_numbers = itertools.count(1)
_client = redis.asyncio.Redis.from_url(os.environ["BENCH_URL"])


@app.job(name="noop")
async def noop(number: int, text: str) -> None:
    if next(_numbers) % EVERY == 0:
        await _client.hincrby("done", str(os.getpid()), EVERY)


@app.job(name="hold", queue="held", retry=jobkit.Retry(attempts=10))
async def hold(number: int) -> None:
    if await _client.get("again"):
        await _client.sadd("released", number)
        return
    await _client.sadd("held", number)
    await asyncio.Event().wait()


if __name__ == "__main__":
    what, count = sys.argv[1], int(sys.argv[2])
    atexit.register(app.close)
    if what == "fill":
        for start in range(0, count, 1000):
            app.enqueue_many([noop.call(number, "a short string") for number in range(start, start + 1000)])
    else:
        app.enqueue_many([hold.call(number) for number in range(count)])
