"""Jobs that follow the commit of a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

import jobkit
from jobkit.integrations.sqlalchemy import on_commit
from pytest_jobkit import Jobs

app = jobkit.App()


@app.job
def welcome(user_id: int) -> None: ...


@app.job
def tell(user_id: int) -> None: ...


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_a_commit_enqueues_in_one_step(session: Session, jobs: Jobs) -> None:
    on_commit(session, welcome.call(1), tell.call(1))
    on_commit(session, welcome.call(2))
    assert jobs.enqueued == []
    with pytest.raises(AssertionError, match="only 1 enqueue was inside"), jobs.broker_down(at=2):
        session.commit()
    assert jobs.enqueued == [welcome.call(1), tell.call(1), welcome.call(2)]


def test_a_commit_enqueues_once(session: Session, jobs: Jobs) -> None:
    on_commit(session, welcome.call(1))
    session.commit()
    session.commit()
    on_commit(session, welcome.call(2))
    session.commit()
    assert jobs.enqueued == [welcome.call(1), welcome.call(2)]


def test_a_rollback_drops_them(session: Session, jobs: Jobs) -> None:
    on_commit(session, welcome.call(1))
    session.rollback()
    session.commit()
    assert jobs.enqueued == []


def test_so_does_a_session_that_is_closed(session: Session, jobs: Jobs) -> None:
    on_commit(session, welcome.call(1))
    session.close()
    session.begin()
    session.commit()
    assert jobs.enqueued == []


def test_a_savepoint_s_jobs_wait_for_the_whole(session: Session, jobs: Jobs) -> None:
    with session.begin_nested():
        on_commit(session, welcome.call(1))
        with session.begin_nested():
            on_commit(session, welcome.call(2))
    assert jobs.enqueued == []
    session.commit()
    assert jobs.enqueued == [welcome.call(1), welcome.call(2)]


def test_a_savepoint_that_is_rolled_back_drops_its_own_and_what_it_holds(session: Session, jobs: Jobs) -> None:
    on_commit(session, welcome.call(1))
    outer = session.begin_nested()
    on_commit(session, welcome.call(2))
    with session.begin_nested():
        on_commit(session, welcome.call(3))
    outer.rollback()
    on_commit(session, welcome.call(4))
    session.commit()
    assert jobs.enqueued == [welcome.call(1), welcome.call(4)]


def test_what_is_wrong_with_a_call_is_said_at_once(session: Session) -> None:
    with pytest.raises(jobkit.LossyArgument):
        on_commit(session, welcome.call("seven"))  # type: ignore[arg-type]


def test_a_store_that_is_down_is_heard_by_whoever_commits(session: Session, jobs: Jobs) -> None:
    on_commit(session, welcome.call(1))
    with jobs.broker_down(), pytest.raises(jobkit.BackendUnavailable):
        session.commit()
    assert jobs.enqueued == []


async def test_an_asynchronous_session_awaits_the_enqueue(jobs: Jobs) -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with AsyncSession(engine) as session:
        on_commit(session, welcome.call(1))
        await session.commit()
        on_commit(session, welcome.call(2))
        await session.rollback()
    await engine.dispose()
    assert jobs.enqueued == [welcome.call(1)]
    await jobs.aperform()


async def test_a_plain_session_does_not_block_a_loop(session: Session, jobs: Jobs) -> None:
    on_commit(session, welcome.call(1))
    with pytest.raises(jobkit.RunningLoop, match="use an AsyncSession, or commit in a thread"):
        session.commit()


def test_a_failing_test_shows_what_waits(session: Session, jobs: Jobs, request: pytest.FixtureRequest) -> None:
    from pytest_jobkit.failing.jobs_section import timeline
    from pytest_jobkit.session import RUN

    on_commit(session, welcome.call(1))
    case = request.config.stash[RUN].current_case()
    assert timeline(case).startswith(
        "waits for a commit: welcome.call(user_id=1)  tests/integrations/test_sqlalchemy.py:"
    )
    session.commit()
    assert "waits" not in timeline(case)
    jobs.ignore(welcome)
