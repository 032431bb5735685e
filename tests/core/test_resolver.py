"""Where an app's jobs are kept: backends by URL, entry point or name."""

from __future__ import annotations

import re
import sys
import types
import warnings
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

import jobkit
from jobkit.backend import Backend
from jobkit.backends.inline import InlineBackend, factory
from jobkit.clock import Clock
from jobkit.connections import resolver
from jobkit.connections.resolver import BackendSource, find
from jobkit.errors import ConfigurationError, VolatileBackendWarning

KNOWN = "fakeredis, inline, redis, redis+cluster, redis+sentinel, rediss, rediss+cluster, rediss+sentinel, sqlite, unix"


def make(url: str | None, namespace: str, clock: Clock | None) -> Backend:
    return InlineBackend(clock=clock)


class Kit:
    make = staticmethod(make)
    number = 3


@pytest.fixture
def own_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third party's backend, as its package would declare it."""
    points = EntryPoints([EntryPoint("amqp", f"{__name__}:make", resolver.GROUP)])
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: points)


# By URL.


@pytest.mark.parametrize(
    ("spec", "url", "namespace"),
    [
        ("inline:shop", "inline:shop", "jobkit"),
        ("inline:shop?namespace=other", "inline:shop", "other"),
        ("inline:shop?namespace=gr%C3%BCn", "inline:shop", "grün"),
        ("redis://h/0?namespace=other&ssl=1", "redis://h/0?ssl=1", "other"),
        ("redis://h?namespace=one&namespace=two", "redis://h", "two"),
        ("redis://h?namespace=", "redis://h", "jobkit"),
        ("unix:///run/redis.sock?namespace=other", "unix:///run/redis.sock", "other"),
    ],
)
def test_a_url_may_state_the_namespace(spec: str, url: str, namespace: str) -> None:
    found = find(spec, "jobkit")
    assert (found.url, found.namespace) == (url, namespace)


@pytest.mark.parametrize("namespace", ["", "a\n", "x" * 256])
def test_a_namespace_that_is_no_name_is_an_error(namespace: str) -> None:
    with pytest.raises(ConfigurationError, match="^namespace "):
        find("inline:", namespace)
    with pytest.raises(ConfigurationError, match="^namespace "):
        find(make, namespace)


def test_a_scheme_alone_is_a_url() -> None:
    assert find("inline", "jobkit", private="app-7") == find("inline:", "jobkit", private="app-7")


def test_a_bare_memory_is_the_apps_own() -> None:
    assert find("inline:", "jobkit", private="app-7").url == "inline:app-7"
    assert find("inline:", "jobkit", private="app-8") != find("inline:", "jobkit", private="app-7")
    assert find("inline:shop", "jobkit", private="app-7") == find("inline:shop", "jobkit", private="app-8")


def test_only_jobs_in_memory_are_performed_in_this_process_or_not_at_all() -> None:
    assert find("inline:", "jobkit").embedded
    assert not find("redis://h", "jobkit").embedded
    assert not find(make, "jobkit").embedded


@pytest.mark.parametrize(
    "spec",
    ["mongo://user:secret@host/db", "mongo:", "nowhere", "localhost:6379", "/var/run/redis", "admin:secret@host"],
)
def test_an_unknown_scheme_lists_the_known_ones(spec: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        find(spec, "jobkit")
    message = str(raised.value)
    assert message.startswith("no backend for '")
    assert f": a URL begins with one of {KNOWN}; or name a factory as module:name" in message
    assert "secret" not in message


def test_what_is_no_url_is_said_without_its_password() -> None:
    with pytest.raises(ConfigurationError, match=r"^redis://\[half is no URL: ") as raised:
        find("redis://user:secret@[half", "jobkit")
    assert "secret" not in str(raised.value)


# By entry point, and by name.


@pytest.mark.usefixtures("own_scheme")
def test_third_parties_come_by_entry_point() -> None:
    found = find("amqp://host/jobs?namespace=shop", "jobkit")
    assert (found.factory, found.url, found.namespace) == (make, "amqp://host/jobs", "shop")
    assert "amqp" in resolver.known()
    with pytest.raises(ConfigurationError, match=f"one of amqp, {re.escape(KNOWN)}"):
        find("mongo://", "jobkit")


@pytest.mark.parametrize("name", ["make", "Kit.make"])
def test_a_factory_may_be_named(name: str) -> None:
    found = find(f"{__name__}:{name}", "shop")
    assert found == BackendSource(make, None, "shop")
    assert isinstance(found.open(), InlineBackend)


def test_a_factory_may_be_given() -> None:
    assert find(make, "shop") == BackendSource(make, None, "shop")


@pytest.mark.parametrize("name", ["gone", "Kit.gone", "Kit.number"])
def test_what_is_no_factory_is_an_error(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"has no callable '{name}'"):
        find(f"{__name__}:{name}", "shop")


def test_a_missing_module_is_named() -> None:
    with pytest.raises(ConfigurationError, match="the backend shop_backend:make needs the package 'shop_backend'$"):
        find("shop_backend:make", "shop")


@pytest.mark.parametrize(
    ("url", "package", "extra"), [("redis://h", "redis", "redis"), ("fakeredis:", "fakeredis", "dev")]
)
def test_a_missing_extra_names_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, url: str, package: str, extra: str
) -> None:
    for name in [each for each in sys.modules if each.startswith("jobkit.backends.redis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(
        ConfigurationError, match=rf"needs the package '{package}': pip install 'jobkit-core\[{extra}\]'$"
    ):
        find(url, "jobkit")


def test_a_backend_that_fails_while_loading_keeps_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = types.ModuleType("broken_backend")
    monkeypatch.setitem(sys.modules, "broken_backend", broken)
    with pytest.raises(ConfigurationError, match="has no callable 'make'"):
        find("broken_backend:make", "jobkit")


# By the environment.


def test_without_one_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBKIT_BACKEND", "inline:shop?namespace=staging")
    assert find(None, "jobkit") == find("inline:shop", "staging")


def test_without_that_jobs_wait_in_memory_with_one_warning() -> None:
    app = jobkit.App()
    app.queue("mail")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for _ in range(2):
            sources_of = [clients.source for clients in app.by_source()]
        app.queue("later")
        assert app.clients("later").source == sources_of[0]
    assert [each.category for each in warned] == [VolatileBackendWarning]
    assert "JOBKIT_BACKEND is not set, so jobs wait in the memory of this process" in str(warned[0].message)
    assert sources_of[0].factory is factory


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBKIT_BACKEND", "")
    with pytest.warns(VolatileBackendWarning):
        find(None, "jobkit")


def test_nothing_is_looked_for_before_it_is_needed() -> None:
    app = jobkit.App("nowhere://at.all")
    app.queue("mail", backend="nowhere:else")
    with pytest.raises(ConfigurationError, match="no backend for 'nowhere://at.all'"):
        app.clients("default")


# Somewhere else.


def test_while_redirected_every_app_keeps_its_jobs_elsewhere() -> None:
    asked: list[Any] = []

    def elsewhere(spec: Any, namespace: str) -> BackendSource:
        asked.append((spec, namespace))
        return find("inline:elsewhere", namespace)

    app = jobkit.App("inline:here", namespace="shop")
    app.queue("mail", backend="redis://production.invalid")
    before = app.clients("default")
    end = resolver.override_backends(elsewhere)
    assert {app.clients(name).source.url for name in app.queues} == {"inline:elsewhere"}
    end()
    assert app.clients("default") is before
    assert asked == [("inline:here", "shop"), ("redis://production.invalid", "shop")]


# What is shown.


def test_it_reads_as_its_url_without_a_password() -> None:
    found = find("redis://user:secret@h:1/2?namespace=shop&password=secret", "jobkit")
    assert str(found) == "redis://h:1/2 (namespace 'shop')"
    assert str(find(make, "shop")) == "make (namespace 'shop')"
    assert "secret" not in repr(found)
