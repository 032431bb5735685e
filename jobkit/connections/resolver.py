"""Where an app's jobs are kept: finds backends by URL, entry point or name, at run time and never by import."""

from __future__ import annotations

import os
import warnings
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from msgspec import Struct

from jobkit.backend import Backend, BackendFactory, Message
from jobkit.clock import Clock
from jobkit.connections.real_threads import is_main_thread_over
from jobkit.errors import ConfigurationError, InvalidArgument, VolatileBackendWarning
from jobkit.redaction import without_password
from jobkit.validation import check_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

VARIABLE: Final = "JOBKIT_BACKEND"
GROUP: Final = "jobkit.backends"

SCHEMES: Final = {
    "inline": "jobkit.backends.inline:factory",
    **dict.fromkeys(
        ("redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster", "unix"),
        "jobkit.backends.redis:factory",
    ),
    "fakeredis": "jobkit.backends.redis.fake:factory",
    "sqlite": "jobkit.backends.sqlite:factory",
}
"""By scheme."""

EXTRAS: Final = {"redis": "redis", "hiredis": "redis", "fakeredis": "dev"}
"""By the module that is missing."""

Spec: TypeAlias = str | BackendFactory


class EnqueueHook(Protocol):
    """Stands by at each enqueue: for tests in which a store fails, or jobs are performed at once."""

    def before(self, messages: Sequence[Message]) -> None:
        """Called before a backend is asked; what this raises leaves the enqueue, and nothing was stored."""
        ...

    def after(self, ids: Sequence[str]) -> Awaitable[None] | None:
        """Called once jobs were accepted. On a running loop the answer is awaited; what either raises leaves too."""
        ...


class BackendSource(Struct, frozen=True):
    """A backend that is not open yet. ``embedded``: its jobs are performed in this process or not at all."""

    factory: BackendFactory
    url: str | None
    namespace: str
    clock: Clock | None = None
    embedded: bool = False
    attendant: EnqueueHook | None = None

    def open(self) -> Backend:
        return self.factory(self.url, self.namespace, self.clock)

    def __str__(self) -> str:
        where = without_password(self.url) if self.url else getattr(self.factory, "__qualname__", "a backend")
        return f"{where} (namespace {self.namespace!r})"

    def __repr__(self) -> str:
        return f"Source({self})"


def find(spec: Spec | None, namespace: str, *, private: str = "") -> BackendSource:
    """The source that a URL, a name or a factory means; None is ``JOBKIT_BACKEND``, and without that inline.

    ``private`` is appended to a bare ``inline:``, whose memory belongs to one app.
    """
    if spec is None:
        spec = os.environ.get(VARIABLE) or _fall_back()
    if not isinstance(spec, str):
        return BackendSource(spec, None, _checked(namespace))
    scheme, colon, rest = spec.partition(":")
    target = SCHEMES.get(scheme) or _entry_point(scheme)
    if target is None:
        if _is_dotted(rest):
            return BackendSource(load(spec), None, _checked(namespace))
        raise ConfigurationError(_unknown(spec, scheme))
    url, stated = _without_namespace(spec if colon else f"{spec}:")
    embedded = scheme == "inline"
    if embedded and url == "inline:":
        url += private
    return BackendSource(load(target), url, _checked(stated or namespace), embedded=embedded)


_redirect: Callable[[Spec | None, str], BackendSource] | None = None


def is_overridden() -> bool:
    return _redirect is not None


def current_override() -> Callable[[Spec | None, str], BackendSource] | None:
    """Who says where jobs go instead, if somebody does."""
    return _redirect


def redirect(spec: Spec | None, namespace: str) -> BackendSource:
    """Where an app's jobs go instead."""
    if _redirect is None:
        raise AssertionError("nothing is redirected")
    return _redirect(spec, namespace)


def override_backends(to: Callable[[Spec | None, str], BackendSource] | None) -> Callable[[], None]:
    """Let every app of this process keep its jobs elsewhere, or with None where it says; the answer ends that.

    For tests: no app needs to know.
    """
    global _redirect
    before, _redirect = _redirect, to

    def restore() -> None:
        global _redirect  # noqa: PLW0603 - one switch for the whole process, since no app knows of it
        _redirect = before

    return restore


def known() -> list[str]:
    """The schemes that a URL may have here."""
    return sorted({*SCHEMES, *(point.name for point in _entry_points())})


def _fall_back() -> str:
    warnings.warn(
        f"{VARIABLE} is not set, so jobs wait in the memory of this process and end with it; "
        f"set it to a URL such as redis://localhost, or to inline: if that is what you want",
        VolatileBackendWarning,
        stacklevel=2,
    )
    return "inline:"


def _without_namespace(url: str) -> tuple[str, str | None]:
    from urllib.parse import parse_qsl, urlencode, urlsplit

    try:
        urlsplit(url)
    except ValueError as error:
        raise ConfigurationError(f"{without_password(url)} is no URL: {error}") from None
    place, _, query = url.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    stated = [value for name, value in parameters if name == "namespace"]
    if not stated:
        return url, None
    rest = urlencode([(name, value) for name, value in parameters if name != "namespace"])
    return f"{place}?{rest}" if rest else place, stated[-1]


def _checked(namespace: str) -> str:
    try:
        check_name("namespace", namespace)
    except InvalidArgument as error:
        raise ConfigurationError(str(error)) from None
    return namespace


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _entry_point(name: str) -> str | None:
    return next((point.value for point in _entry_points() if point.name == name), None)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def load(target: str) -> BackendFactory:
    """The factory at ``module:name``; `ConfigurationError` where there is none."""
    module, _, name = target.partition(":")
    try:
        found: Any = import_module(module)
    except RuntimeError as error:
        if not is_main_thread_over():
            raise
        raise ConfigurationError(
            f"the backend {target} can't be loaded while the interpreter ends: {error}; enqueue once before, "
            f"or import {module} where the app is declared"
        ) from error
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError):
            raise ConfigurationError(f"the backend {target} can't be imported: {error}") from error
        missing = (error.name or "").partition(".")[0]
        extra = EXTRAS.get(missing)
        how = f": pip install 'jobkit-core[{extra}]'" if extra else ""
        raise ConfigurationError(f"the backend {target} needs the package {missing or module!r}{how}") from error
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise ConfigurationError(f"{target} is not a backend factory: {module} has no callable {name!r}")
    return cast("BackendFactory", found)


def _unknown(spec: str, scheme: str) -> str:
    shown = without_password(spec) if "://" in spec else scheme
    return f"no backend for {shown!r}: a URL begins with one of {', '.join(known())}; or name a factory as module:name"
