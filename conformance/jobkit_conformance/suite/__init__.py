"""The kit under pytest: one test item a rule, and one report of all of them."""

from jobkit_conformance.suite.factory import conforms

__all__ = ["conforms"]
