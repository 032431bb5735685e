"""dramatiq, blocking and with threads."""

from __future__ import annotations

import os
import threading
from typing import Any

os.environ["dramatiq_queue_prefetch"] = "1000"  # noqa: SIM112 - read under this name when dramatiq is imported

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from subjects.stopwatch import TEXT, expect, main, perform, timed


def declare(url: str) -> tuple[Any, Any]:
    broker = RedisBroker(url=url)
    dramatiq.set_broker(broker)

    @dramatiq.actor(actor_name="noop", queue_name="bench")
    def noop(number: int, text: str) -> None:
        perform()

    return broker, noop


def blocking(url: str, count: int) -> None:
    _, noop = declare(url)
    noop.broker.flush_all()
    timed(lambda: [noop.send(number, TEXT) for number in range(count)])


def drain(url: str, count: int) -> None:
    broker, _ = declare(url)
    expect(count)
    dramatiq.Worker(broker, worker_threads=1).start()
    threading.Event().wait()


MEASURES = {"blocking": blocking, "fill": blocking, "drain": drain}

if __name__ == "__main__":
    main(MEASURES)
