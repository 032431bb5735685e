"""Tries files that it may not use, having given up the rights of an administrator if it had them."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from jobkit.backend import Message
from jobkit.backends.sqlite import factory
from jobkit.errors import BackendUnavailable

NOBODY = 65534


def error(path: Path) -> str:
    blocking = factory(f"sqlite:///{path}", "test", None).blocking()
    try:
        blocking.enqueue([Message("a", "q", b"")])
    except BackendUnavailable as refused:
        return str(refused)
    finally:
        blocking.close()
    return "nothing was refused"


with tempfile.TemporaryDirectory() as name:  # one that anybody may look into, other than pytest's
    folder = Path(name)
    folder.chmod(0o755)
    for each in ("theirs", "ours"):
        (folder / each).mkdir()
        factory(f"sqlite:///{folder}/{each}/jobs.db", "test", None).blocking().enqueue([Message("x", "q", b"")])
    (folder / "theirs").chmod(0o555)
    (folder / "ours").chmod(0o777)
    (folder / "ours" / "jobs.db").chmod(0o000)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    said = {
        "folder": name,
        "may not write the file": error(folder / "theirs" / "jobs.db"),
        "may not read the file": error(folder / "ours" / "jobs.db"),
    }
    if os.getuid() == 0:
        os.seteuid(0)
    (folder / "theirs").chmod(0o755)
    sys.stdout.write(json.dumps(said))
