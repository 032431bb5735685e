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
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(jobkit.ConfigurationError, match=message) as raised:
        factory(url, "ns", None)
    assert "s3cr3t" not in str(raised.value)


def test_nothing_is_opened_before_the_first_use() -> None:
    factory("redis://no-such-host.invalid", "ns", None)
