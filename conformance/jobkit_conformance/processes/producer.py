"""A producer's process: ``python producer.py module:enqueue TASKS PACE``, with one task a line; says what was accepted.

``PACE``: seconds between two batches, so that workers and faults come in between.

Needs nothing but the standard library and what ``enqueue`` brings.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from jobkit_conformance.processes.task import note, read

BATCH: Final = "JOBKIT_KIT_BATCH"
"""How many tasks are handed over at once, where not four."""
AGAIN: Final = 0.1
"""Seconds before a refused batch is offered again."""
REPEATS: Final = "JOBKIT_KIT_REPEATS"
"""Set where a batch may be offered again after an error: the queue knows a job by its id."""

Enqueue = Callable[[Sequence[str]], None]


def main(arguments: Sequence[str]) -> None:
    """Offer everything, batch by batch."""
    module, _, name = arguments[0].partition(":")
    enqueue: Enqueue = getattr(import_module(module), name)
    words, pace = Path(arguments[1]).read_text().split(), float(arguments[2])
    batch, begun = int(os.environ.get(BATCH, "4")), time.monotonic()
    for number, start in enumerate(range(0, len(words), batch)):
        time.sleep(max(0.0, begun + number * pace - time.monotonic()))
        offer(enqueue, words[start : start + batch], repeats=REPEATS in os.environ)


def offer(enqueue: Enqueue, words: Sequence[str], *, repeats: bool) -> None:
    """One batch: before it is handed over, and once it was accepted, the log says so."""
    ids = [read(word).id for word in words]
    while True:
        for id in ids:
            note("offered", id=id)
        try:
            enqueue(words)
        except Exception as error:  # noqa: BLE001 - whatever the queue's client raises: it did not accept
            note("refused", note=f"{type(error).__name__}: {error}"[:300])
            if not repeats:
                return
            time.sleep(AGAIN)
        else:
            for id in ids:
                note("accepted", id=id)
            return


if __name__ == "__main__":
    main(sys.argv[1:])
