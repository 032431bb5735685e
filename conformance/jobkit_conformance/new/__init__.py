"""``jobkit new backend NAME``: the files that a backend begins with."""

from jobkit_conformance.new.command import command

__all__ = ["command"]
