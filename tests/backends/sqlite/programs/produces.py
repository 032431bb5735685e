"""Enqueues one job after another, blocking; says the id of each once it is accepted."""

from __future__ import annotations

import sys

from jobkit.backend import Accepted, Message
from jobkit.backends.sqlite import factory

url, namespace, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
blocking = factory(url, namespace, None).blocking()
for number in range(first, first + count):
    (outcome,) = blocking.enqueue([Message(str(number), "q", b"body", key=f"k{number}")])
    if not isinstance(outcome, Accepted):
        raise SystemExit(f"{number}: {outcome}")
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()
blocking.close()
