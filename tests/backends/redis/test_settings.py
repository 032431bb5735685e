"""What a URL may say, and what is said about one that is wrong."""

from __future__ import annotations

import pytest

import jobkit
from jobkit.backends.redis import factory
from jobkit.backends.redis.settings import read


def test_what_a_url_claims() -> None:
    backend = factory("redis://localhost:7000/2?durable=fsync&slack=50&timeout=900", "ns", None)
    claims = backend.capabilities
    assert (claims.durable, claims.slack, claims.timeout) == ("fsync", 50, 900)
    assert factory("redis://localhost", "ns", None).capabilities.durable is None
    assert read("redis://localhost:7000/2?durable=fsync&health_check_interval=3").url == (
        "redis://localhost:7000/2?health_check_interval=3"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://:s3cr3t@localhost:port", "no URL of a Redis server"),
        ("redis://:s3cr3t@localhost:99999", "no URL of a Redis server"),
        ("redis://:s3cr3t@localhost?durable=yes", "durable is one of process, fsync, replicated, not 'yes'"),
        ("redis://:s3cr3t@localhost?slack=soon", "slack is 1 to 3,600,000 milliseconds, not 'soon'"),
        ("redis://:s3cr3t@localhost?timeout=0", "timeout is 1 to 3,600,000 milliseconds, not '0'"),
        ("redis://:s3cr3t@localhost?tiemout=5", "an option 'tiemout', which nobody knows; did you mean timeout?"),
        ("redis://localhost?socket_timeout=5&password=s3cr3t", "socket_timeout can't be set: jobkit has timeout"),
        ("redis://:s3cr3t@localhost?decode_responses=1", "decode_responses can't be set"),
        ("redis://:s3cr3t@localhost?durable=replicated", "durable=replicated needs wait_replicas=1 or more"),
        ("redis://:s3cr3t@localhost?wait_replicas=0", "wait_replicas is 1 to 100 replicas, not '0'"),
        ("redis://:s3cr3t@localhost?wait_replicas=1&wait_timeout=5000", "wait_timeout=5000 leaves no time within"),
        ("redis://:s3cr3t@localhost?ssl_ca_certs=ca.pem", "ssl_ca_certs belongs to an encrypted connection: rediss://"),
        ("rediss://:s3cr3t@localhost?ssl_ca_certs=/nowhere/ca.pem", "ssl_ca_certs names no file: '/nowhere/ca.pem'"),
        ("rediss://:s3cr3t@localhost?ssl_cert_reqs=often", "redis-py refuses its options: .*often"),
        ("unix://?password=s3cr3t", "names no socket: unix:///run/redis/socket"),
        ("redis+sentinel://:s3cr3t@one,two:26380", "stands the name of their master"),
        (
            "redis+sentinel://:s3cr3t@one/jobs/zero",
            "perhaps a database: redis.sentinel://one:26379,two:26379/mymaster/0",
        ),
        ("redis+sentinel://:s3cr3t@one:port/jobs", "'one:port' is no address; write host:port"),
        ("redis+sentinel://one/jobs?sentinel_pasword=s3cr3t", "'sentinel_pasword', which nobody knows"),
        ("redis+cluster://user:s3cr3t@one:7000,,two", "'' is no address; write host:port, and commas between several"),
        ("redis+cluster://user:s3cr3t@one:7000/3", "a cluster has no databases"),
        ("redis+cluster://user:s3cr3t@one:7000?db=3", "a cluster has no databases"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(jobkit.ConfigurationError, match=message) as raised:
        factory(url, "ns", None)
    assert "s3cr3t" not in str(raised.value)


def test_several_addresses() -> None:
    sentinels = read("redis+sentinel://me:s3cr3t@one,[::1]:5/my%20jobs/2?sentinel_password=other&timeout=900")
    assert sentinels.nodes is not None
    assert sentinels.nodes.addresses == (("one", 26379), ("::1", 5))
    assert (sentinels.nodes.service, sentinels.nodes.login) == ("my jobs", {"password": "other"})
    assert (sentinels.url, sentinels.timeout) == ("redis://me:s3cr3t@localhost/2", 900)
    assert "s3cr3t" not in repr(sentinels)
    assert "other" not in repr(sentinels)
    cluster = read("rediss+cluster://:s3cr3t@one:7000,two?ssl_cert_reqs=none")
    assert cluster.nodes is not None
    assert cluster.nodes.addresses == (("one", 7000), ("two", 6379))
    assert cluster.url == "rediss://:s3cr3t@localhost?ssl_cert_reqs=none"


def test_who_waits_for_replicas_claims_that_they_have_it() -> None:
    assert read("redis://localhost?wait_replicas=2").durable == "replicated"
    assert read("redis://localhost?wait_replicas=1&durable=fsync").durable == "fsync"
    assert read("redis://localhost?wait_replicas=1&timeout=600").wait_timeout == 300


def test_nothing_is_opened_before_the_first_use() -> None:
    factory("redis://no-such-host.invalid", "ns", None)
