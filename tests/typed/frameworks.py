"""What fits jobkit into frameworks, as type checkers see it."""

from __future__ import annotations

from typing import assert_type

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

import jobkit
from jobkit.integrations import django, sqlalchemy, starlette

app = jobkit.App()


@app.job
def welcome(user_id: int) -> None: ...


def plain(session: Session) -> None:
    assert_type(sqlalchemy.on_commit(session, welcome.call(1), welcome.call(2)), None)
    sqlalchemy.on_commit(session, 1)  # type: ignore[arg-type]


async def asynchronous(session: AsyncSession) -> None:
    sqlalchemy.on_commit(session, welcome.call(1))


django.on_commit(welcome.call(1), using="replica")
django.on_commit(welcome)  # type: ignore[arg-type]

worker = jobkit.App(perform=[django.connections])
web = FastAPI(lifespan=starlette.lifespan(app, concurrency=10))
