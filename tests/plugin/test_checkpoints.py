"""Jobs that say where they are, in tests."""

from __future__ import annotations

import pytest

APP = """
import jobkit

app = jobkit.App("redis://nobody.example")
pages = []

@app.job(retry=jobkit.Retry(attempts=3, on=LookupError, wait=60))
def count() -> None:
    job = jobkit.this_job()
    for page in range(job.last_checkpoint(int, 0), 4):
        pages.append(page)
        job.checkpoint(page + 1)
        if page == 1:
            raise LookupError
"""

TESTS = """
from shop import count, pages

def test_an_attempt_goes_on_where_the_last_one_was(jobs):
    pages.clear()
    count.enqueue()
    jobs.perform()
    assert pages == [0, 1]
    jobs.advance(minutes=1)
    assert pages == [0, 1, 2, 3]
    assert count in jobs.performed

def test_one_attempt_alone(jobs):
    pages.clear()
    assert jobs.run(count.call(), attempt=2, checkpoint=3).state == "succeeded"
    assert pages == [3]

async def test_on_a_loop(jobs):
    pages.clear()
    await count.aenqueue()
    await jobs.aperform()
    await jobs.aadvance(minutes=1)
    assert pages == [0, 1, 2, 3]
"""


def test_checkpoints(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(shop=APP, test_shop=TESTS)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    pytester.runpytest("--jobkit-backend=inline").assert_outcomes(passed=3)
