"""Replace 1,000 worker processes under one supervisor, and print its open descriptors after every hundred.

Run by hand: ``python benchmarks/supervisor_descriptors.py [asyncio|uvloop] [PROCESSES]``. The numbers have to be equal.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from jobkit.cli.worker import loop_factory
from jobkit.worker.health_files import HealthFiles
from jobkit.worker.supervisor import Supervisor

CODE = "import os, sys; os.write(int(sys.argv[1]), b'{\"ready\":true}\\n')"


async def main(most: int) -> int:
    ended: list[int] = []

    def count(pid: int) -> None:
        ended.append(pid)
        if len(ended) % 100 == 0:
            print(len(ended), len(list(Path("/proc/self/fd").iterdir())))
        if len(ended) == most:
            os.kill(os.getpid(), signal.SIGTERM)

    def command(_: int, fd: int) -> list[str]:
        return [sys.executable, "-ISc", CODE, str(fd)]

    return await Supervisor(command, 2, 1, HealthFiles(None, None), ended=count).run()


if __name__ == "__main__":
    loop = sys.argv[1] if len(sys.argv) > 1 else "auto"
    most = sys.argv[2] if len(sys.argv) > 2 else "1000"
    with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
        sys.exit(runner.run(main(int(most))))
