"""Jobs that say where they are."""

from __future__ import annotations

from typing import assert_type

import jobkit

app = jobkit.App("redis://localhost")


@app.job(limit=60, soft_limit=50)
def plain() -> None:
    job = jobkit.this_job()
    assert_type(job, jobkit.JobContext)
    assert_type(job.last_checkpoint(int), int | None)
    assert_type(job.time_left, float | None)
    assert_type(job.last_checkpoint(int, 0), int)
    assert_type(job.last_checkpoint(tuple[int, str], (0, "")), tuple[int, str])
    job.checkpoint({"page": 3})


@app.job
async def later() -> None:
    await jobkit.this_job().acheckpoint(7)


@app.recurring(cron="30 2 * * *", zone="Europe/Berlin", missed="all")
@app.job
def report() -> int:
    return 7


assert_type(report, jobkit.Job[[], int])
app.recurring(report.call(), every=60, name="report of 8")
app.recurring(report.call(), every=60, missed="some")  # type: ignore[call-overload]


@app.job(isolate="process")
def render(path: str) -> None: ...


app.job(isolate="thread")(plain)  # type: ignore[call-overload]
