"""A choice: one backend that the run was told to use."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import quote

import pytest

from pytest_jobkit.backends.names import CAPABILITIES, CLOCK, DEFAULT, SHORT

if TYPE_CHECKING:
    from types import ModuleType

    from jobkit.backend import Backend
    from jobkit.connections.resolver import BackendSource
    from pytest_jobkit.backends.namespace_registry import NamespaceRegistry

NAMESPACE = "jobkit-test"


class Server(Protocol):
    """A private server, as far as a run needs to know it."""

    @property
    def url(self) -> str: ...

    def describe(self) -> str:
        """Which program, which version, where."""
        ...

    def stop(self) -> None: ...


class SelectedBackend:
    """A backend by the name that the run was told; opened, and its server started, when first needed."""

    def __init__(self, name: str, redis_url: str | None) -> None:
        self.name = name
        self._redis_url = redis_url

    @property
    def private_server(self) -> bool:
        return self.name == "redis" and self._redis_url is None

    @property
    def private_file(self) -> bool:
        return self.name in ("sqlite", "sqlite:")

    @property
    def label(self) -> str:
        """Its name, without a password."""
        return _without_password(self.name)

    def check(self, where: str) -> None:
        """`pytest.UsageError` for what can't be used, saying where it was named; starts nothing."""
        if self.name == DEFAULT:
            return
        from jobkit.connections import resolver
        from jobkit.errors import BackendUnavailable, ConfigurationError

        try:
            if self.private_server:
                resolver.find("redis:", NAMESPACE)  # says what to install for that
                _servers().find_program()
            else:
                _ = self.source, self.description
        except (BackendUnavailable, ConfigurationError) as error:
            hint = ""
            if isinstance(error.__cause__, ModuleNotFoundError) and ":" in self.name:
                hint = "; to find modules of the project, set pythonpath = . in pytest's ini file"
            elif self.name not in SHORT and (close := get_close_matches(self.name, SHORT, n=1)):
                raise pytest.UsageError(f"{where}: did you mean {close[0]!r}? {error}") from error
            raise pytest.UsageError(f"{where}: {error}{hint}") from error

    @cached_property
    def server(self) -> Server:
        """A private server for this run."""
        return cast("Server", _servers().Server.start())

    @cached_property
    def folder(self) -> TemporaryDirectory[str]:
        """Where a file for this run lies; it need not outlive its machine."""
        return TemporaryDirectory(prefix="jobkit-", ignore_cleanup_errors=True)

    @cached_property
    def ledger(self) -> NamespaceRegistry | None:
        """What a killed run leaves on a store that outlives it is noted there; one that is the run's own needs none."""
        if self.name == DEFAULT or self.private_server or self.private_file:
            return None
        from pytest_jobkit.backends.namespace_registry import NamespaceRegistry, suits

        return NamespaceRegistry(self.source) if suits(self._probe) else None

    def end(self) -> None:
        if (ledger := vars(self).get("ledger")) is not None:
            ledger.end()
        if "server" in vars(self):
            self.server.stop()
        if "folder" in vars(self):
            self.folder.cleanup()

    @cached_property
    def source(self) -> BackendSource:
        """The backend, in a namespace that every test prefixes its own with."""
        from jobkit.connections import resolver

        spec = self.name
        if self.private_server:
            spec = self.server.url
        elif self.private_file:
            spec = f"sqlite:///{quote(self.folder.name)}/jobs.db?durable=process"
        elif self.name == "redis" and self._redis_url is not None:
            spec = self._redis_url
        return resolver.find(spec, NAMESPACE)

    @cached_property
    def _probe(self) -> Backend:
        """A backend object that is never used, to read what it claims."""
        return self.source.open()

    @property
    def accepts_clock(self) -> bool:
        """Whether it takes the time from the clock that its factory is handed; it says so if it does not."""
        return bool(getattr(self._probe, "takes_clock", True))

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """The capabilities that it claims."""
        capabilities = self._probe.capabilities
        claimed = {name for name in CAPABILITIES - {CLOCK} if getattr(capabilities, name) not in (False, None)}
        return frozenset(claimed | ({CLOCK} if self.accepts_clock else set[str]()))

    def described(self, *, for_workers: bool) -> str:
        """For the report's header; what only the processes of pytest-xdist need is not started for it."""
        if for_workers and self.private_server:
            return f"{self.name} ({_servers().find_program()}, each worker starts its own)"
        if for_workers and self.private_file:
            return f"{self.label} (a file for each worker)"
        return self.description

    @cached_property
    def description(self) -> str:
        """Which backend, which server, which version, where."""
        if self.name == DEFAULT:
            return f"{self.name} (in the memory of this process)"
        if self.name == "fakeredis":
            return f"{self.name} {version(self.name)} (in the memory of this process)"
        if self.private_server:
            return f"{self.name} ({self.server.describe()}, started for this run)"
        from jobkit.backend import OffersDescription
        from jobkit.connections.portal import portal

        if not isinstance(self._probe, OffersDescription):
            return self.label
        described = portal().call(lambda _: _ask(self.source))
        return f"{self.label} ({described}, namespaces {self.source.namespace}-*)"


async def _ask(source: BackendSource) -> str:
    """What a backend says of itself; the client that is asked is closed again."""
    from jobkit.backend import OffersDescription

    backend = source.open()
    try:
        return await backend.describe() if isinstance(backend, OffersDescription) else ""
    finally:
        await backend.close()


def _servers() -> ModuleType:
    """Loaded only for a run that starts one."""
    return import_module("jobkit.testing.redis.server")


def _without_password(name: str) -> str:
    if "://" not in name:
        return name
    from jobkit.redaction import without_password

    return without_password(name)
