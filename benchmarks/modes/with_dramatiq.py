"""https://dramatiq.io/guide.html#unit-testing"""

from __future__ import annotations

import os
from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

COUNT = int(os.environ["COUNT"])

broker = StubBroker()
dramatiq.set_broker(broker)
done: list[int] = []


@dramatiq.actor
def add(number: int, text: str) -> None:
    done.append(number + len(text))


@pytest.fixture
def stub_broker() -> StubBroker:
    broker.flush_all()
    return broker


@pytest.fixture
def stub_worker() -> Iterator[dramatiq.Worker]:
    worker = dramatiq.Worker(broker, worker_timeout=100)
    worker.start()
    yield worker
    worker.stop()


@pytest.mark.parametrize("number", range(COUNT))
def test_none(number: int) -> None:
    assert number >= 0


@pytest.mark.parametrize("number", range(COUNT))
def test_one(number: int, stub_broker: StubBroker, stub_worker: dramatiq.Worker) -> None:
    add.send(number, "text")
    stub_broker.join(add.queue_name)
    stub_worker.join()
    assert done[-1] == number + 4


def test_many(stub_broker: StubBroker) -> None:
    for number in range(COUNT):
        add.send(number, "text")
    assert stub_broker.queues[add.queue_name].qsize() == COUNT
