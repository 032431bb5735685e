"""What is measured: one module a subject, each run as a process of its own in an environment of its own.

A subject is called as ``python -m subjects.NAME MEASURE URL COUNT`` and prints ``{"seconds": ...}``. A measure that it
has no notion of is missing from its ``MEASURES``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """``packages``: what its environment needs; ``promise``: what it delivers at these settings."""

    name: str
    packages: tuple[str, ...]
    promise: str
    settings: str


SUBJECTS = (
    Subject(
        "jobkit", (".[redis]", "uvloop"), "at least once, fenced", "uvloop; concurrency 100, of plain functions 50"
    ),
    Subject("bare", (".[redis]", "uvloop"), "none", "redis-py alone, and jobkit's backend without its app and worker"),
    Subject("script", (".[redis]", "uvloop"), "none", "redis-py alone, calling the script that an enqueue runs"),
    Subject(
        "saq",
        ("saq[redis,hiredis]", "hiredis", "typing-extensions", "uvloop"),
        "at least once with retries > 1",
        "uvloop; concurrency 20, at which no-op jobs are quickest; ttl=-1",
    ),
    Subject(
        "dramatiq",
        ("dramatiq[redis]", "hiredis"),
        "at least once",
        "1 thread, at which no-op jobs are quickest; dramatiq_queue_prefetch=1000",
    ),
    Subject("rq", ("rq", "hiredis"), "at least once with Retry", "SimpleWorker; result_ttl=0"),
)
