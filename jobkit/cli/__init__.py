"""The command line: ``jobkit COMMAND``. Commands of other packages come by entry point."""

from jobkit.cli.main import main

__all__ = ["main"]
