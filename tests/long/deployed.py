"""An app whose jobs write down who performed them, for tests of how workers are deployed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import jobkit

app = jobkit.App()
NOTES = Path(os.environ.get("NOTES", "notes"))


@app.job(name="step")
def step(number: int) -> None:
    time.sleep(0.3)
    job = jobkit.this_job()
    with NOTES.open("a") as file:
        file.write(f"{number} {job.attempt} {os.getpid()}\n")
