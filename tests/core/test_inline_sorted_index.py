"""A line, beside a plain sorted list."""

from __future__ import annotations

import bisect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jobkit.backends.inline import sorted_index as module
from jobkit.backends.inline.sorted_index import Entry, SortedIndex

scores = st.integers(0, 30)
entries = st.tuples(scores, st.integers(1, 1000), st.just("id"))


class Lines(RuleBasedStateMachine):
    """The same changes to a line with tiny blocks and to a sorted list."""

    def __init__(self) -> None:
        super().__init__()
        self.line = SortedIndex()
        self.plain: list[Entry] = []

    @initialize(size=st.integers(1, 4))
    def blocks(self, size: int) -> None:
        module.BLOCK = size

    @rule(entry=entries)
    def add(self, entry: Entry) -> None:
        if entry not in self.plain:
            self.line.add(entry)
            bisect.insort(self.plain, entry)

    @precondition(lambda self: self.plain)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.plain))
        self.line.remove(entry)
        self.plain.remove(entry)

    @rule(score=scores)
    def until(self, score: int) -> None:
        expected = [entry for entry in self.plain if entry[0] <= score]
        assert list(self.line.until(score)) == expected
        assert self.line.count_until(score) == len(expected)

    @rule(entry=entries)
    def after(self, entry: Entry) -> None:
        assert list(self.line.after(entry)) == [other for other in self.plain if other > entry]

    @invariant()
    def alike(self) -> None:
        assert list(self.line) == self.plain
        assert len(self.line) == len(self.plain)
        assert bool(self.line) is bool(self.plain)
        assert self.line.first() == (self.plain[0] if self.plain else None)

    @invariant()
    def no_change_moves_more_than_one_block(self) -> None:
        assert all(0 < len(block) <= 2 * module.BLOCK for block in self.line._blocks)

    def teardown(self) -> None:
        module.BLOCK = 500


TestLine = Lines.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=40)


@given(st.lists(entries, unique=True, max_size=50))
def test_order_of_adding_makes_no_difference(given: list[Entry]) -> None:
    line = SortedIndex()
    for entry in given:
        line.add(entry)
    assert list(line) == sorted(given)


def test_it_holds_many() -> None:
    line = SortedIndex()
    for number in range(5_000):
        line.add((number * 7919 % 5_000, number, "id"))
    assert line.count_until(2_499) == 2_500
    assert [entry[0] for entry in line.until(2)] == [0, 1, 2]


@pytest.mark.parametrize("score", [-1, 0, 5])
def test_an_empty_one_has_nothing(score: int) -> None:
    line = SortedIndex()
    assert (list(line.until(score)), line.count_until(score), line.first(), len(line)) == ([], 0, None, 0)
