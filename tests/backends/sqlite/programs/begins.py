"""Says that it is up, and enqueues a job when it is told to."""

from __future__ import annotations

import os
import sys

from jobkit.backend import Message
from jobkit.backends.sqlite import factory

blocking = factory(sys.argv[1], "test", None).blocking()
sys.stdout.write("up\n")
sys.stdout.flush()
sys.stdin.readline()
(outcome,) = blocking.enqueue([Message(str(os.getpid()), "q", b"")])
sys.stdout.write(f"{type(outcome).__name__.lower()}\n")
