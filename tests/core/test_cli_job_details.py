"""What ``jobkit worker`` says of itself: flags, logs, and the last line of a terminal."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import sys
from contextvars import copy_context

import pytest

import jobkit
from jobkit.cli import worker_options
from jobkit.cli.log_format import BesideStatus
from jobkit.cli.status_line import CLEAR, StatusLine, text
from jobkit.cli.worker import loop_factory, parse_queue_weights
from jobkit.errors import ConfigurationError
from jobkit.execute.context import JobContext, enter
from jobkit.worker.json_logging import JSONFormatter
from jobkit.worker.stats import WorkerStats


def test_queues_may_have_weights(app: jobkit.App) -> None:
    for name in ("mail", "slow", "odd=name"):
        app.queue(name)
    assert parse_queue_weights(app, None) == (None, None)
    assert parse_queue_weights(app, ["mail", "slow"]) == (["mail", "slow"], None)
    assert parse_queue_weights(app, ["mail=3", "slow"]) == (["mail", "slow"], {"mail": 3, "slow": 1})
    assert parse_queue_weights(app, ["odd=name"]) == (["odd=name"], None)
    with pytest.raises(ConfigurationError, match="--queue mail=three: a weight is a whole number, such as mail=3"):
        parse_queue_weights(app, ["mail=three"])
    with pytest.raises(jobkit.UnknownQueue, match="no queue 'mial'"):
        parse_queue_weights(app, ["mial"])


def test_a_process_of_several_is_told_the_same() -> None:
    parser = argparse.ArgumentParser()
    worker_options.declare(parser)
    said = ["shop:app", "--queue=a=2", "--queue=b", "--concurrency=3", "--threads=2", "--lease=7.5", "--no-schedules"]
    supervised = parser.parse_args(
        [*said, "--processes=4", "--max-jobs=100", "--max-memory=300", "--ready-file=r", "--log-format=json"]
    )
    child = parser.parse_args(worker_options.of_child(supervised, 2, 4))
    assert (child.queue, child.concurrency, child.threads, child.lease) == (["a=2", "b"], 3, 2, 7.5)
    assert (child.no_schedules, child.max_memory, child.log_format) == (True, 300, "json")
    assert (child.processes, child.ready_file) == (None, None)
    assert [worker_options.stagger_max_jobs(100, place, 4) for place in range(4)] == [100, 98, 95, 93]
    assert worker_options.stagger_max_jobs(1, 3, 4) == 1


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_number_of_processes_is_one(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    worker_options.declare(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["shop:app", f"--processes={count}"])
    assert "a number from 1 on" in capsys.readouterr().err


def test_uvloop_is_taken_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loop_factory("asyncio") is None
    found = loop_factory("auto")
    assert found is not None
    loop = found()
    assert type(loop).__module__ == "uvloop"
    loop.close()
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory("auto") is None
    with pytest.raises(ConfigurationError, match="the package uvloop is not installed"):
        loop_factory("uvloop")


# Logs.


def logged(*args: object, message: str = "%r is dead: %s", **more: object) -> dict[str, object]:
    record = logging.LogRecord("jobkit.worker", logging.ERROR, "f", 1, message, args, None)
    vars(record).update(more)
    line = JSONFormatter().format(record)
    assert "\n" not in line
    found: dict[str, object] = json.loads(line)
    return found


def test_a_line_about_a_job_says_which() -> None:
    context = JobContext(id="a", job="shop.send", queue="mail", attempt=2, headers={})
    line = logged(context, "no\nmail")
    assert (line["job"], line["id"], line["queue"], line["attempt"]) == ("shop.send", "a", "mail", 2)
    assert (line["level"], line["logger"]) == ("error", "jobkit.worker")
    assert line["message"] == "<shop.send a attempt 2 on mail> is dead: no\nmail"


def test_what_a_job_logs_is_about_it() -> None:
    context = JobContext(id="a", job="shop.send", queue="mail", attempt=2, headers={})
    inside = copy_context()
    inside.run(enter, context)
    assert inside.run(lambda: logged(message="hello"))["id"] == "a"
    assert "id" not in logged(message="hello")


def test_an_error_is_one_value() -> None:
    try:
        raise ZeroDivisionError("a reason")
    except ZeroDivisionError:
        line = logged(message="no", exc_info=sys.exc_info())
    assert "ZeroDivisionError: a reason" in str(line["error"])


# The last line.


def test_figures_in_words() -> None:
    figures = WorkerStats(ready=True, running=12, ended=1203, failed=3)
    assert text(figures, 14.2) == "ready · 12 running · 1,203 ended · 3 failed · 14/s"
    assert text(WorkerStats(), 0.25) == "not ready · 0 running · 0 ended · 0 failed · 0.2/s"


async def test_a_log_line_is_written_above_it() -> None:
    stream = io.StringIO()
    line = StatusLine(stream, lambda: WorkerStats(ready=True))
    drawing = asyncio.create_task(line.run())
    await asyncio.sleep(0)
    handler = BesideStatus(stream, line.clear, line.draw)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.emit(logging.LogRecord("a", logging.INFO, "f", 1, "hello", (), None))
    drawing.cancel()
    await asyncio.wait([drawing])
    drawn = "ready · 0 running · 0 ended · 0 failed · 0.0/s"
    assert stream.getvalue() == f"{CLEAR}{drawn}{CLEAR}hello\n{drawn}{CLEAR}"
    handler.emit(logging.LogRecord("a", logging.INFO, "f", 1, "bye", (), None))
    assert stream.getvalue().endswith("bye\n")
