"""When a worker has done enough: what its process has leaked goes with it, and a supervisor starts another."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class RecyclePolicy:
    """``max_jobs``: executions that ended. ``max_memory``: MiB of this process."""

    max_jobs: int | None
    max_memory: int | None

    @property
    def wanted(self) -> bool:
        return self.max_jobs is not None or self.max_memory is not None

    def reason(self, ended: int) -> str | None:
        """Why it is time, if it is."""
        if self.max_jobs is not None and ended >= self.max_jobs:
            return f"{ended:,} executions have ended, of {self.max_jobs:,} at most"
        if self.max_memory is not None and (used := memory()) >= self.max_memory * MIB:
            return f"{used // MIB:,} MiB are used, of {self.max_memory:,} at most"
        return None


def memory() -> int:
    """Bytes that this process has in memory; where the system does not say, the most that it ever had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    import resource

    return pages * resource.getpagesize()
