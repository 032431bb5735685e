"""What a signal asks for, and where signals can be handled."""

from __future__ import annotations

import asyncio
import threading

import pytest

import jobkit
from jobkit.worker.stop_requests import MOMENT, StopRequest, StopRequests


@pytest.mark.parametrize(
    ("instants", "expected"),
    [
        ([5.0], [StopRequest.STOP]),
        ([5.0, 5.0], [StopRequest.STOP, StopRequest.SAME]),
        ([5.0, 5.0 + MOMENT], [StopRequest.STOP, StopRequest.END_NOW]),
        ([0.0, MOMENT / 2, MOMENT], [StopRequest.STOP, StopRequest.SAME, StopRequest.END_NOW]),
    ],
)
def test_signals_within_a_moment_are_one_request(instants: list[float], expected: list[StopRequest]) -> None:
    requests = StopRequests()
    assert [requests.signal(at) for at in instants] == expected


def test_run_outside_of_the_main_thread_says_what_to_use(app: jobkit.App) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(jobkit.Worker(app).run())
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "async with Worker(app)" in str(errors[0])
