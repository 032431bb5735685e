"""A report as one page that needs nothing else: no network, no other file, no script to be read."""

from jobkit_conformance.reports.html.page import page

__all__ = ["page"]
