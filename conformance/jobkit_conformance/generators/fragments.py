"""How programs are drawn: a few scenes one after another, each a few steps that belong together.

Steps drawn one by one hardly ever get anywhere: a job has to be there to be taken, and taken to be lost. Scenes get
there, and shrink as well, to fewer scenes with simpler steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from jobkit_conformance.operations import Step

MOST = 12
"""Scenes a program."""


def _as_list(drawn: tuple[Step, ...]) -> list[Step]:
    return list(drawn)


def scene(*steps: SearchStrategy[Step]) -> SearchStrategy[list[Step]]:
    """These steps in this order."""
    return st.tuples(*steps).map(_as_list)


def program_of(scenes: Sequence[SearchStrategy[list[Step]]]) -> SearchStrategy[list[Step]]:
    """A few of these scenes."""
    drawn = st.lists(st.one_of(list(scenes)), min_size=1, max_size=MOST)
    return drawn.map(lambda parts: [step for part in parts for step in part])
