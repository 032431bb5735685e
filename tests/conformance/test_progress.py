"""What is shown while a run goes on: where it is, how long it lasts, and nothing that tears a report."""

from __future__ import annotations

import io

import pytest

from jobkit_conformance.reports.progress import CLEAR, EVERY, Progress
from jobkit_conformance.runner import Run
from tests.conformance.honest import Bare
from tests.conformance.small_profile import TINY


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _a_terminal_that_can_write_over_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


def shown(stream: Terminal, columns: int = 80) -> tuple[Progress, Watch]:
    watch = Watch()
    return Progress(stream, watch, lambda: columns), watch


def last(stream: Terminal) -> str:
    return stream.getvalue().rpartition(CLEAR)[2]


def test_each_rule_is_written_over_the_last_with_the_time_that_is_left() -> None:
    stream = Terminal()
    progress, watch = shown(stream)
    progress.show("B1  the body", 0.0)
    assert last(stream) == "  0%  B1  the body"
    watch.now += 10
    progress.show("L5  a stale settle", 0.25)
    assert last(stream) == " 25%, about 30 s left  L5  a stale settle"


@pytest.mark.parametrize(
    ("over", "share", "said"),
    [
        (1, 0.5, " 50%  x"),
        (4, 0.9, " 90%, about 5 s left  x"),
        (60, 0.5, " 50%, about 60 s left  x"),
        (100, 0.25, " 25%, about 5 min left  x"),
        (3600, 0.25, " 25%, about 3.0 h left  x"),
    ],
)
def test_time_is_told_no_more_exactly_than_it_is_known(over: float, share: float, said: str) -> None:
    stream = Terminal()
    progress, watch = shown(stream)
    watch.now += over
    progress.show("x", share)
    assert last(stream) == said


def test_a_long_step_is_shown_again_further_on_but_not_all_the_time() -> None:
    stream = Terminal()
    progress, watch = shown(stream)
    for place in range(100):
        progress.show("a machine", place / 100)
        watch.now += 0.05
    assert 20 <= stream.getvalue().count(CLEAR) <= 26
    assert last(stream).startswith(" 9")


def test_no_line_is_longer_than_the_terminal() -> None:
    stream = Terminal()
    progress, _ = shown(stream, columns=30)
    progress.show("a sentence that goes on for longer than anybody has room for", 0.5)
    assert last(stream) == " 50%  a sentence that goes..."
    assert len(last(stream)) < 30


def test_nothing_of_it_is_left_when_it_is_over_also_after_an_error() -> None:
    stream = Terminal()
    progress, _ = shown(stream)

    def fails() -> None:
        with progress:
            progress.show("x", 0.5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert last(stream) == ""


def test_where_nobody_watches_there_is_a_line_now_and_then() -> None:
    stream, watch = io.StringIO(), Watch()
    with Progress(stream, watch) as progress:
        for step in range(1, 101):
            watch.now += 1
            progress.show(f"rule {step}", step / 100)
    assert EVERY == 30
    assert stream.getvalue().splitlines() == [
        " 30%, about 70 s left: rule 30",
        " 60%, about 40 s left: rule 60",
        " 90%, about 10 s left: rule 90",
    ]


def test_a_run_that_is_over_soon_says_nothing_where_nobody_watches() -> None:
    stream, watch = io.StringIO(), Watch()
    with Progress(stream, watch) as progress:
        progress.show("x", 0.1)
        watch.now += EVERY - 1
        progress.show("y", 0.9)
    assert stream.getvalue() == ""


def test_a_terminal_that_can_not_write_over_lines_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    progress, _ = shown(stream)
    with progress:
        progress.show("x", 0.5)
    assert stream.getvalue() == ""


def test_a_run_tells_each_part_before_it_plays_it_and_never_goes_back() -> None:
    told: list[tuple[str, float]] = []
    Run(Bare(), TINY, 1, frozenset({"B3", "L5", "C4"})).run("mine", lambda words, share: told.append((words, share)))
    words = [each for each, _ in told]
    assert words[0] == "is the harness sound?"
    assert [each.split()[0] for each in words[1:4]] == ["B3", "L5", "C4"]
    assert any("the machine 'lifecycle'" in each for each in words)
    assert words.count("the machine 'lifecycle', 10 programs") > TINY.programs / 2
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1] <= 1) == (0.0, True)
