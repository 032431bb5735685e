"""A worker beside a web app."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.testclient import TestClient

import jobkit
from jobkit.connections import resolver
from jobkit.integrations.starlette import lifespan
from pytest_jobkit import Jobs

app = jobkit.App("inline:beside")
done = threading.Event()


@app.job
def work() -> None:
    done.set()


def web() -> FastAPI:
    web = FastAPI(lifespan=lifespan(app, concurrency=2))
    web.post("/")(lambda: {"accepted": bool(work.enqueue())})
    return web


def test_it_performs_while_the_web_app_runs() -> None:
    restore = resolver.override_backends(None)  # as in production
    try:
        done.clear()
        with TestClient(web()) as client:
            assert client.post("/").json() == {"accepted": True}
            assert done.wait(20)
    finally:
        restore()


def test_under_a_test_nothing_performs_by_itself(jobs: Jobs) -> None:
    done.clear()
    with TestClient(web()) as client:
        client.post("/")
        assert work in jobs.pending
        jobs.perform()
    assert done.is_set()


def test_a_lifespan_of_one_s_own_goes_around_it() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def own(web: FastAPI) -> AsyncIterator[dict[str, int]]:
        seen.append("begun")
        yield {"answer": 42}
        seen.append("ended")

    web = FastAPI(lifespan=lifespan(app, own))
    with TestClient(web) as client:
        assert client.app_state == {"answer": 42}
        assert seen == ["begun"]
    assert seen == ["begun", "ended"]
