"""What Prometheus is told, by one process and by several together."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

import jobkit
from jobkit import events
from jobkit.cli.metrics import Summed, place
from jobkit.observability.prometheus import Metrics, QueueMetrics


async def test_what_happens_is_counted(app: jobkit.App) -> None:
    registry = CollectorRegistry()
    stop = events.observe(Metrics(app, registry))
    done = asyncio.Event()

    @app.job(name="shop.fine", queue="mail")
    async def fine() -> None: ...

    @app.job(name="shop.bad")
    async def bad() -> None:
        done.set()
        raise ValueError

    await app.aenqueue_many([fine.call(), fine.call(), bad.using(id="bad").call()])
    await bad.using(id="bad").aenqueue()
    async with jobkit.Worker(app):
        await done.wait()
    stop()

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    fine_ones = {"job": "shop.fine", "queue": "mail"}
    assert value("jobkit_enqueued_total", **fine_ones, status="accepted") == 2
    assert value("jobkit_enqueued_total", job="shop.bad", queue="default", status="duplicate") == 1
    assert value("jobkit_started_total", **fine_ones) == 2
    assert value("jobkit_ended_total", **fine_ones, state="succeeded") == 2
    assert value("jobkit_ended_total", job="shop.bad", queue="default", state="dead") == 1
    assert value("jobkit_running", **fine_ones) == 0
    assert value("jobkit_seconds_count", **fine_ones) == 2


def test_names_out_of_the_store_make_no_labels(app: jobkit.App) -> None:
    registry = CollectorRegistry()
    metrics = Metrics(app, registry)
    for number in range(5):
        metrics(events.Started(id="a", job=f"hostile-{number}", queue=f"q{number}", attempt=1))
    assert registry.get_sample_value("jobkit_started_total", {"job": "unknown", "queue": "unknown"}) == 5
    assert len(next(iter(metrics.started.collect())).samples) == 2  # its value, and when it was made


async def test_queues_are_counted(app: jobkit.App) -> None:
    @app.job(name="shop.later", queue="mail")
    async def later() -> None: ...

    await later.aenqueue()
    await later.using(delay=60).aenqueue()
    (backend,) = {clients.for_running_loop() for clients in app.by_source()}
    await backend.pause("shop:mail")
    registry = CollectorRegistry()
    await QueueMetrics(app, registry).look()

    def value(name: str, **labels: str) -> float:
        found = registry.get_sample_value(name, labels)
        assert found is not None
        return found

    assert value("jobkit_queue_jobs", queue="mail", state="ready") == 1
    assert value("jobkit_queue_jobs", queue="mail", state="scheduled") == 1
    assert 0 <= value("jobkit_queue_oldest_ready_seconds", queue="mail") < 60
    assert value("jobkit_queue_oldest_ready_seconds", queue="default") == 0
    assert (value("jobkit_queue_paused", queue="mail"), value("jobkit_queue_paused", queue="default")) == (1, 0)


@pytest.mark.parametrize(
    ("text", "found"), [("9100", ("127.0.0.1", 9100)), ("10.0.0.1:0", ("10.0.0.1", 0)), ("[::1]:9100", ("::1", 9100))]
)
def test_a_place_is_a_port_of_this_machine_unless_said(text: str, found: tuple[str, int]) -> None:
    assert place(text) == found


@pytest.mark.parametrize("text", ["", "many", "99999", "host:"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"\[HOST:\]PORT, such as 9100"):
        place(text)


TASKS = """
import jobkit

app = jobkit.App()

@app.job(name="shop.fine")
def fine() -> None: ...
"""


@pytest.mark.realtime
@pytest.mark.parametrize("processes", [[], ["--processes=2"]], ids=["one", "several"])
def test_a_worker_has_a_port_for_all_of_its_processes(tmp_path: Path, processes: list[str]) -> None:
    tmp_path.joinpath("tasks.py").write_text(TASKS)
    environment = {**os.environ, "JOBKIT_BACKEND": f"sqlite:///{tmp_path / 'jobs.db'}"}
    enqueue = "import tasks; tasks.app.enqueue_many([tasks.fine.call() for _ in range(30)])"
    subprocess.run([sys.executable, "-c", enqueue], cwd=tmp_path, env=environment, check=True)
    command = [sys.executable, "-m", "jobkit", "worker", "tasks:app", "--metrics=0", "--concurrency=5", *processes]
    worker = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert worker.stderr is not None
    try:
        port = next(found[1] for line in worker.stderr if (found := re.search(r"metrics on http://\S+:(\d+)/", line)))
        deadline = time.monotonic() + 30
        while True:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                text = answer.read().decode()
            if 'jobkit_ended_total{job="shop.fine",queue="default",state="succeeded"} 30.0' in text:
                break
            assert time.monotonic() < deadline, text
        assert 'jobkit_queue_jobs{queue="default",state="dead"} 0.0' in text
    finally:
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=30)
    assert worker.returncode == 0, log


def test_a_file_that_a_process_has_just_made_has_nothing_yet(tmp_path: Path) -> None:
    """The library's own collector fails on it, and so would whoever asks at that moment."""
    tmp_path.joinpath("counter_1.db").touch()
    assert list(Summed(tmp_path).collect()) == []
    their_own: Any = MultiProcessCollector
    with pytest.raises(struct.error):
        list(their_own(None, path=str(tmp_path)).collect())
