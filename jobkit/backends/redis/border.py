"""Where redis-py's errors become jobkit's: the one place that knows both."""

from __future__ import annotations

from redis import exceptions

from jobkit.errors import BackendFull, BackendUnavailable, JobkitError

NEVER = (exceptions.AuthenticationError, exceptions.AuthorizationError)
"""Kinds of connection error that another try does not mend."""


def translate(error: Exception, where: str) -> JobkitError:
    """What the caller is told; ``where`` is a URL without its secrets."""
    if isinstance(error, JobkitError):
        return error
    if isinstance(error, exceptions.OutOfMemoryError) or "OOM command not allowed" in str(error):
        return BackendFull(f"{where} has no room: {_brief(error)}")
    if isinstance(error, (exceptions.RedisError, OSError)):
        return BackendUnavailable(f"{where}: {_brief(error)}")
    raise error


def may_be_tried_again(error: Exception) -> bool:
    """Whether the connection was lost, and perhaps the next is not. A timeout has used up the time for that."""
    lost = isinstance(error, (exceptions.ConnectionError, OSError)) and not isinstance(error, TimeoutError)
    return lost and not isinstance(error, NEVER)


def _brief(error: Exception) -> str:
    return str(error)[:300] or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)


def refused(error: Exception) -> bool:
    """Whether the server is there, and does not do this."""
    return type(error) is exceptions.ResponseError or isinstance(error, exceptions.NoPermissionError)
