"""The shop's fixtures: a database of its own for each test, and a client of the web app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pytest_jobkit import Jobs
from shop.jobs import remind, send_welcome
from shop.web import web


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE", str(tmp_path / "shop.sqlite"))


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(web) as client:
        yield client


@pytest.fixture
def user_id(client: TestClient, jobs: Jobs) -> int:
    """Somebody who has signed up; the welcome is not what these tests are about."""
    jobs.ignore(send_welcome)
    return int(client.post("/signup", json={"email": "ada@example.org"}).json()["user_id"])


@pytest.fixture
def order_id(client: TestClient, user_id: int, jobs: Jobs) -> int:
    """An open order, with its reminder."""
    jobs.ignore(remind)
    order = {"user_id": user_id, "total": "12.50"}
    return int(client.post("/orders", json=order).json()["order_id"])
