"""What a server says of itself: which it is, and whether it would drop live jobs to make room."""

from __future__ import annotations

import logging
import re

from jobkit.backends.redis.requests import Command, Operation
from jobkit.errors import ConfigurationError

log = logging.getLogger("jobkit.redis")


def check_eviction_policy(where: str) -> Operation[None]:
    """Ask the server how it makes room. Policies that drop only keys that expire drop no job."""
    reply = yield Command(["INFO", "memory"], optional=True)
    if reply.value is None:
        log.info("%s does not say how it makes room when it is full", where)
        return
    policy = _field(reply.value, "maxmemory_policy")
    if policy.startswith("allkeys"):
        raise ConfigurationError(
            f"{where} may drop live jobs when it is full (maxmemory-policy {policy}): set it to noeviction, "
            "with which a full server refuses new jobs and keeps the others"
        )


def description(where: str) -> Operation[str]:
    """Which server and which version; Valkey names itself beside the Redis that it stands in for."""
    reply = yield Command(["INFO", "server"], optional=True)
    if reply.value is None:
        return where
    for name in ("valkey", "redis"):
        if version := _field(reply.value, f"{name}_version"):
            return f"{name} {version} at {where}"
    return where


def _field(info: bytes, name: str) -> str:
    found = re.search(rb"^" + name.encode() + rb":([^\r\n]*)", info, re.MULTILINE)
    return found.group(1).decode() if found else ""
