"""RQ, blocking, without a fork for each job."""

from __future__ import annotations

from importlib import import_module

from redis import Redis
from rq import Queue, SimpleWorker

from subjects.stopwatch import TEXT, expect, main, perform, timed


def noop(number: int, text: str) -> None:
    perform()


JOB = "subjects.with_rq.noop"


def queue(url: str) -> Queue:
    return Queue("bench", connection=Redis.from_url(url))


def blocking(url: str, count: int) -> None:
    store = queue(url)
    timed(lambda: [store.enqueue(JOB, number, TEXT, result_ttl=0) for number in range(count)])


def bulk(url: str, count: int) -> None:
    store = queue(url)

    def calls() -> None:
        for start in range(0, count, 1000):
            numbers = range(start, start + 1000)
            store.enqueue_many([Queue.prepare_data(JOB, (number, TEXT), result_ttl=0) for number in numbers])

    timed(calls)


def drain(url: str, count: int) -> None:
    import_module(JOB.rpartition(".")[0]).expect(count)  # where the worker finds the job, with a counter of its own
    store = queue(url)
    SimpleWorker([store], connection=store.connection, log_job_description=False).work(logging_level="WARNING")


MEASURES = {
    "blocking": blocking,
    "bulk": bulk,
    "fill": bulk,
    "drain": drain,
    "plain": drain,
    "fill_plain": bulk,
}

if __name__ == "__main__":
    main(MEASURES)

__all__ = ["expect"]
