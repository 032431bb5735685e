"""Where in the project something was enqueued."""

from __future__ import annotations

import inspect
import os.path
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


@dataclass(frozen=True)
class CallSite:
    """A line of code; as text relative to the project where it lies in it."""

    filename: str
    line: int
    root: Path

    def __str__(self) -> str:
        path = Path(os.path.normpath(self.filename))  # where a path of imports goes up and down again
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return f"{shown}:{self.line}"


def call_site(root: Path) -> CallSite | None:
    """The nearest line that is neither jobkit's nor a library's; else the nearest library's; None without any."""
    frame, library = inspect.currentframe(), None
    while frame is not None:
        kind = _kind(frame.f_code.co_filename)
        if kind == "project":
            return _site(frame, root)
        if kind == "library" and library is None:
            library = frame
        frame = frame.f_back
    return None if library is None else _site(library, root)


def is_project(frame: FrameType) -> bool:
    """Whether its line is neither jobkit's nor a library's."""
    return is_project_file(frame.f_code.co_filename)


def is_project_file(filename: str) -> bool:
    return _kind(filename) == "project"


def _site(frame: FrameType, root: Path) -> CallSite:
    return CallSite(frame.f_code.co_filename, frame.f_lineno, root)


@cache
def _kind(filename: str) -> str:
    if filename.startswith("<") and not filename.startswith("<doctest"):
        return "own"
    path = Path(filename)
    if any(path.is_relative_to(folder) for folder in _own_folders()):
        return "own"
    if "site-packages" in path.parts or "dist-packages" in path.parts:
        return "library"
    return "own" if path.is_relative_to(sysconfig.get_paths()["stdlib"]) else "project"


@cache
def _own_folders() -> tuple[Path, ...]:
    """Where enqueues pass through whoever makes them, and the test runner is found beneath them all."""
    import _pytest
    import pluggy

    import jobkit

    modules = (jobkit, _pytest, pluggy)
    return (Path(__file__).parents[1], *(Path(module.__file__).parent for module in modules if module.__file__))
