"""The hooks: one line each. Objects do the work, and are made when a test touches a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_jobkit import options
from pytest_jobkit.session import RUN, Session

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_jobkit.jobs import Jobs
    from pytest_jobkit.workers.process import Workers

pytest.register_assert_rewrite("jobkit_conformance")


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    Session.begin(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    return config.stash[RUN].header()


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    return config.stash[RUN].collected(items)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.config.stash[RUN].parametrize(metafunc)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return collector.config.stash[RUN].collect((yield))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    return item.config.stash[RUN].protocol(item, nextitem)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[RUN].start_test(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    if fixturedef.scope == "function":
        return (yield)
    with request.config.stash[RUN].wider(fixturedef, request):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    item.config.stash[RUN].check()  # after the test itself; not reached if that failed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    try:
        yield
    finally:
        item.config.stash[RUN].end_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    run = item.config.stash[RUN]
    run.prepare(call)
    return run.complete(item, (yield))


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    return config.stash[RUN].explain(op, left, right)


@pytest.fixture
def jobkit_backend(request: pytest.FixtureRequest) -> str:
    """The name of the backend that this test runs on, as ``--jobkit-backend`` has it."""
    return request.config.stash[RUN].backend


@pytest.fixture
def jobkit_jobs(request: pytest.FixtureRequest, jobkit_backend: str) -> Jobs:
    """The background jobs of this test: assert on what was enqueued, perform it, move its clock.

    ``assert send.call(7) in jobs.enqueued``, ``jobs.perform()``, ``jobs.advance(hours=1)``;
    logs: enqueued, pending, performed, failed, dead. Works on any backend.
    """
    return request.config.stash[RUN].jobs()


@pytest.fixture
def jobkit_worker(request: pytest.FixtureRequest, jobkit_jobs: Jobs) -> Workers:
    """Real workers, each in a process of its own: ``worker = jobkit_worker("shop.jobs:app")``.

    Wait for them with ``jobs.wait_for(send.call(7))``; ``worker.kill()`` ends one as a crash would. They end with the
    test, and what they printed stands below its failure. Needs a backend that processes share (sqlite, redis).
    """
    return request.config.stash[RUN].workers()


@pytest.fixture
def jobs(jobkit_jobs: Jobs) -> Jobs:
    """The background jobs of this test: short for ``jobkit_jobs``, for projects that have no fixture of this name."""
    return jobkit_jobs
