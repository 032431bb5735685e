"""Logs beside inline-snapshot and syrupy, and reprs that are what one writes."""

from __future__ import annotations

import os
import textwrap
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from pytest_jobkit import Jobs
from tests import lean_pytest
from tests.plugin.conftest import HEAD, Project

TEST = """
    from inline_snapshot import snapshot


    def test_it(jobs):
        sign_up(7)
        place_order(9)
        assert jobs.enqueued == snapshot()
        jobs.perform()
        assert [str(outcome.state) for outcome in jobs.advance(days=1)] == snapshot()
        assert jobs.performed.of(send_welcome) == snapshot()
"""

KEPT = """
    def test_it(jobs, snapshot):
        sign_up(7)
        assert list(jobs.enqueued) == snapshot
        jobs.perform()
"""

FILLED = (
    "snapshot([send_welcome.call(user_id=7), audit.call(action='signup'), remind.using(delay=86400).call(order_id=9)])"
)


def run(project: Project, name: str, *args: str) -> pytest.RunResult:
    """Run in a process of its own: such plugins keep what they know of the sources in globals."""
    with mock.patch.dict(os.environ, lean_pytest.ENVIRONMENT):
        return project.pytester.runpytest_subprocess(*lean_pytest.plugins(name), "-p", "no:cacheprovider", *args)


@pytest.mark.realtime
def test_an_inline_snapshot_is_filled_with_calls_and_holds(project: Project) -> None:
    test = project.write("test_it.py", textwrap.dedent(HEAD) + textwrap.dedent(TEST))
    run(project, "inline_snapshot", "--inline-snapshot=create")
    assert FILLED in test.read_text()
    other = test.read_text().replace("user_id=7", "user_id=8")
    project.write("test_other.py", other)
    result = run(project, "inline_snapshot", "--inline-snapshot=disable")
    result.assert_outcomes(passed=1, failed=1)


@pytest.mark.realtime
def test_syrupy_keeps_what_a_log_shows(project: Project) -> None:
    test = project.write("test_it.py", textwrap.dedent(HEAD) + textwrap.dedent(KEPT))
    run(project, "syrupy", "--snapshot-update")
    kept = (project.path / "__snapshots__" / "test_it.ambr").read_text()
    assert "send_welcome.call(user_id=7)," in kept
    assert "audit.call(action='signup')," in kept
    project.write("test_other.py", test.read_text().replace("sign_up(7)", "sign_up(8)"))
    project.write("__snapshots__/test_other.ambr", kept)
    run(project, "syrupy").assert_outcomes(passed=1, failed=1)


# Reprs.


@pytest.fixture
def shop() -> dict[str, Any]:
    import jobkit

    app = jobkit.App()

    @app.job(name="shop.send", queue="mail")
    def send(user_id: int, template: str = "welcome", *tags: str, when: datetime | None = None) -> None: ...

    @app.job(name="shop.track")
    def track(action: str, data: dict[str, object] | None = None) -> None:
        send.enqueue(1)

    app.queue("slow")
    return {"send": send, "track": track}


def test_what_a_log_shows_can_be_evaluated_and_is_equal(shop: dict[str, Any], jobs: Jobs) -> None:
    send, track = shop["send"], shop["track"]
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    for call in (
        send.call(7),
        send.call(7, "a 'quoted' one", "x", "y"),
        send.using(delay=timedelta(hours=1, milliseconds=5), key="k:7").call(8),
        send.using(at=noon, priority=5, queue="slow", id="given", remember=60).call(9),
        track.call("signup", {"user": {"id": 1, "tags": ["a"]}, "none": None}),
    ):
        call.job.app.enqueue_many([call])
        entry = jobs.enqueued[-1]
        again = eval(repr(entry), {**globals(), **shop})  # noqa: S307 - that is what is asked
        assert again == call
        assert entry == again
    assert jobs.enqueued == eval(repr(jobs.enqueued), {**globals(), **shop})  # noqa: S307
    jobs.ignore(send, track)


def test_so_can_patterns(shop: dict[str, Any], jobs: Jobs) -> None:
    send, track = shop["send"], shop["track"]
    send.using(delay=60, priority=3, key="k").enqueue(7)
    track.enqueue("signup", {"user": {"id": 1}})
    jobs.perform()
    for pattern in (
        send.partial(user_id=7).on("mail").after(60).priority(3).key("k"),
        track.partial(data={"user": {}}).now().by(None),
        send.call(1).by(track),
        send.partial().at(jobs.now + timedelta(minutes=1)),
    ):
        again = eval(repr(pattern), {**globals(), **shop})  # noqa: S307
        assert again in jobs.enqueued
        assert jobs.enqueued.matching(again) == jobs.enqueued.matching(pattern)
