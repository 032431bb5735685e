"""dramatiq's side: one actor, and how it is sent. Runs in an environment that has dramatiq and nothing of ours."""

from __future__ import annotations

import os
from collections.abc import Sequence

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from jobkit_conformance.processes import task

broker = RedisBroker(
    url=os.environ["DRAMATIQ_REDIS"],
    heartbeat_timeout=int(os.environ["DRAMATIQ_HEARTBEAT"]),
    maintenance_chance=1_000_000,
    socket_timeout=2,
)
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="kit")
def perform(word: str) -> None:
    task.perform(word)


def enqueue(words: Sequence[str]) -> None:
    for word in words:
        perform.send(word)
