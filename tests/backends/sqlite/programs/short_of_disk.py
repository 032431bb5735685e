"""Enqueues until its files may not grow any more, and says what came of it."""

from __future__ import annotations

import json
import resource
import sys

from jobkit.backend import Message
from jobkit.backends.sqlite import factory
from jobkit.errors import BackendUnavailable

backend = factory(sys.argv[1], "test", None)
blocking = backend.blocking()
blocking.enqueue([Message("first", "q", b"")])
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
accepted, error = 1, ""
while not error:
    try:
        accepted += len(blocking.enqueue([Message(f"{accepted} {n}", "q", bytes(5000)) for n in range(7)]))
    except BackendUnavailable as refused:
        error = str(refused)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
ready = backend.store.read(lambda step: step.execute("SELECT count(*) FROM jobs").fetchone()[0])
sys.stdout.write(json.dumps({"accepted": accepted, "error": error, "ready": ready}))
