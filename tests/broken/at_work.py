"""A worker's process with a fault: ``python at_work.py MODULE worker ...`` puts the module's faults in place first."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from unittest import mock

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    module = import_module(sys.argv[1])
    for target, broken in module.FAULTS.items():
        mock.patch(target, broken).start()
    if hasattr(module, "at_the_start"):
        module.at_the_start()
    from jobkit.cli import main

    sys.exit(main(sys.argv[2:]))
