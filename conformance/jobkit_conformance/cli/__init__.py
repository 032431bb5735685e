"""``jobkit conformance``: asks a backend every rule, and works with the reports of earlier runs."""

from jobkit_conformance.cli.command import command

__all__ = ["command"]
