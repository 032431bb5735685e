"""dramatiq, blocking and with threads."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

os.environ["dramatiq_queue_prefetch"] = "1000"  # noqa: SIM112 - read under this name when dramatiq is imported

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from subjects.stopwatch import TEXT, arrive, expect, expect_sent, main, perform, send_each, timed


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


def pace(url: str, count: int) -> None:
    broker = declare_all(url)[0]
    expect(count)
    dramatiq.Worker(broker, worker_threads=100).start()
    threading.Event().wait()


def fill_pace(url: str, count: int) -> None:
    _, tick, _ = declare_all(url)
    for number in range(count):
        tick.send(number, TEXT)


def wake(url: str, count: int) -> None:
    broker = declare_all(url)[0]
    dramatiq.Worker(broker, worker_threads=8).start()
    expect_sent(count)
    threading.Event().wait()


def send(url: str, count: int) -> None:
    _, _, sent = declare_all(url)
    send_each(count, sent.send)


def declare_all(url: str) -> tuple[Any, Any, Any]:
    broker, _ = declare(url)

    @dramatiq.actor(actor_name="tick", queue_name="bench")
    def tick(number: int, text: str) -> None:
        time.sleep(0.01)
        perform()

    @dramatiq.actor(actor_name="sent", queue_name="bench")
    def sent(sent_ns: int) -> None:
        arrive(sent_ns)

    return broker, tick, sent


MEASURES = {
    "blocking": blocking,
    "fill": blocking,
    "drain": drain,
    "plain": drain,
    "fill_plain": blocking,
    "pace": pace,
    "fill_pace": fill_pace,
    "wake": wake,
    "send": send,
}

if __name__ == "__main__":
    main(MEASURES)
