"""Where redis-py's errors become jobkit's: the one place that knows both."""

from __future__ import annotations

import re

from redis import exceptions

from jobkit.errors import BackendFull, BackendUnavailable, JobkitError, NewerLayout

NEVER = (exceptions.AuthenticationError, exceptions.AuthorizationError)
"""Kinds of connection error that another try does not mend."""


_WORDS: dict[type[Exception], str] = {
    exceptions.BusyLoadingError: "LOADING",
    exceptions.ReadOnlyError: "READONLY",
    exceptions.MasterDownError: "MASTERDOWN",
    exceptions.ClusterDownError: "CLUSTERDOWN",
    exceptions.TryAgainError: "TRYAGAIN",
    exceptions.MovedError: "MOVED",
    exceptions.AskError: "ASK",
}
"""Those that redis-py takes off the text."""

ELSEWHERE = frozenset({"READONLY", "MASTERDOWN", "CLUSTERDOWN", "MOVED", "UNBLOCKED"})
"""The data are with another server, or soon will be: so the connection to this one is of no use."""

FOR_NOW = ELSEWHERE | {"LOADING", "TRYAGAIN", "ASK", "NOREPLICAS", "BUSY"}
"""Nothing was done, since a step writes only when it has checked everything, and the first write is refused."""


def error_code(error: Exception) -> str:
    """Why a server refused, in its own word: it may stand within what it says about a script."""
    if word := _WORDS.get(type(error)):
        return word
    found = re.search(r"(?:^|[ :]-)([A-Z]{3,})\b", str(error)) if isinstance(error, exceptions.ResponseError) else None
    return found.group(1) if found else ""


def is_wrong_server(error: Exception) -> bool:
    """Whether another connection may lead to a server that does it."""
    return error_code(error) in ELSEWHERE


def had_no_effect(error: Exception) -> bool:
    """Whether the server certainly did nothing, and may do it in a while."""
    return error_code(error) in FOR_NOW


def translate(error: Exception, where: str) -> JobkitError:
    """What the caller is told; ``where`` is a URL without its secrets."""
    if isinstance(error, JobkitError):
        return error
    if isinstance(error, exceptions.OutOfMemoryError) or "OOM command not allowed" in str(error):
        return BackendFull(f"{where} has no room: {_brief(error)}")
    if layouts := re.search(r"jobkit-layout (\d+) is later than (\d+)", str(error)):
        written, known = layouts.groups()
        return NewerLayout(
            f"{where}: this namespace is written in layout {written}, and this version of jobkit knows layouts up to"
            f" {known}: upgrade jobkit in this process"
        )
    if isinstance(error, (exceptions.RedisError, OSError)):
        if error_code(error) == "READONLY":
            return BackendUnavailable(f"{where} is a read-only replica, or was one just now: {_brief(error)}")
        return BackendUnavailable(f"{where}: {_brief(error)}")
    raise error


def may_be_tried_again(error: Exception) -> bool:
    """Whether the connection was lost, and perhaps the next is not; or the server is busy with something that ends.

    A timeout has used up the time for that.
    """
    if had_no_effect(error):
        return True
    lost = isinstance(error, (exceptions.ConnectionError, OSError)) and not isinstance(error, TimeoutError)
    return lost and not isinstance(error, NEVER)


def _brief(error: Exception) -> str:
    return str(error)[:300] or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)


def refused(error: Exception) -> bool:
    """Whether the server is there, and does not do this."""
    return type(error) is exceptions.ResponseError or isinstance(error, exceptions.NoPermissionError)
