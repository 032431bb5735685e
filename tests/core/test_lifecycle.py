"""The states, and the table of moves between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.errors import IllegalMove
from jobkit.lifecycle import TRANSITIONS, Phase, State, Transition, apply_transition, state

EVERY = [(phase, by) for phase in Phase for by in Transition]
LEGAL = [(phase, by) for phase, by in EVERY if by in TRANSITIONS[phase]]
ILLEGAL = [each for each in EVERY if each not in LEGAL]


def test_the_table_has_every_phase() -> None:
    assert set(TRANSITIONS) == set(Phase)


@pytest.mark.parametrize(("phase", "by"), LEGAL)
def test_a_legal_move_leads_where_the_table_says(phase: Phase, by: Transition) -> None:
    assert apply_transition(phase, by) is TRANSITIONS[phase][by]


@pytest.mark.parametrize(("phase", "by"), ILLEGAL)
def test_an_illegal_move_raises_and_says_which(phase: Phase, by: Transition) -> None:
    with pytest.raises(IllegalMove, match=f"a job that is {phase.value} can't {by.value}"):
        apply_transition(phase, by)


@given(st.lists(st.sampled_from(list(Transition)), max_size=30))
def test_illegal_moves_change_nothing_on_any_walk(walk: list[Transition]) -> None:
    tried = legal = Phase.ABSENT
    for by in walk:
        try:
            tried = apply_transition(tried, by)
        except IllegalMove:
            continue
        legal = TRANSITIONS[legal][by]
    assert tried is legal


def test_every_move_is_legal_somewhere() -> None:
    assert {by for _, by in LEGAL} == set(Transition)


def test_every_phase_can_be_reached_and_left_for_good() -> None:
    assert _reachable(Phase.ABSENT) == set(Phase)
    assert all(Phase.ABSENT in _reachable(phase) for phase in Phase)


def _reachable(start: Phase) -> set[Phase]:
    found, pending = {start}, [start]
    while pending:
        after = set(TRANSITIONS[pending.pop()].values()) - found
        found |= after
        pending.extend(after)
    return found


def test_done_ends_a_job_from_wherever_it_is_legal() -> None:
    assert {TRANSITIONS[phase][Transition.DONE] for phase in Phase if Transition.DONE in TRANSITIONS[phase]} == {
        Phase.ABSENT
    }


def test_a_cancelled_lease_ends_the_job_whatever_settles_it() -> None:
    settles = (Transition.DONE, Transition.RETRY, Transition.RELEASE, Transition.DEAD_LETTER, Transition.EXPIRE)
    assert {apply_transition(Phase.MARKED, by) for by in settles} == {Phase.ABSENT}


@pytest.mark.parametrize(
    ("phase", "since", "lease_end", "seen"),
    [
        (Phase.WAITING, 101, 0, State.SCHEDULED),
        (Phase.WAITING, 100, 0, State.READY),
        (Phase.LEASED, 0, 101, State.LEASED),
        (Phase.LEASED, 0, 100, State.READY),
        (Phase.MARKED, 0, 101, State.LEASED),
        (Phase.MARKED, 0, 100, None),
        (Phase.DEAD, 0, 0, State.DEAD),
        (Phase.ABSENT, 0, 0, None),
    ],
)
def test_what_is_seen_at_an_instant(phase: Phase, since: int, lease_end: int, seen: State | None) -> None:
    assert state(phase, since, lease_end, now=100) is seen


def test_states_read_as_what_they_are() -> None:
    assert [f"{each}" for each in State] == ["scheduled", "ready", "leased", "dead"]
