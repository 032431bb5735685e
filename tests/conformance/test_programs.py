"""Programs as data: in a word and out of it again, and into code that runs."""

from __future__ import annotations

from typing import Any

import pytest

from jobkit.backend import Done, Extension, Message, RetryAt
from jobkit.lifecycle import State
from jobkit_conformance import Env, replay
from jobkit_conformance.checks import c_conduct
from jobkit_conformance.operations import (
    Advance,
    Cancel,
    CellSet,
    CrashLoop,
    Delete,
    Enqueue,
    Extend,
    Inspect,
    MessageSpec,
    Pause,
    Program,
    Requeue,
    Reserve,
    Resume,
    Settle,
    SettlementSpec,
    from_token,
    token,
)
from jobkit_conformance.render.codegen import program_source
from jobkit_conformance.render.timeline import as_timeline, span
from jobkit_conformance.render.value_source import short_repr
from tests.conformance.small_profile import run

EVERYTHING = Program(
    "lifecycle",
    [
        Enqueue(0, [MessageSpec("a"), MessageSpec("b", "r", "body", 3, 10, "k", 20)]),
        Reserve(1, ["q", "r"], 3, 1000),
        Settle(0, [SettlementSpec(0, "done"), SettlementSpec(1, "retry", 5)]),
        Extend(0, 2, 1000),
        Extend(0, 2, 1000, "here"),
        Pause(0, "q"),
        Resume(1, "q"),
        CellSet(1, "c", "x", 2),
        Advance(10),
        CrashLoop(2, 1000),
        Cancel(0, "a", latest=True),
        Requeue(1, "b"),
        Delete(0, "a"),
        Inspect(1),
    ],
)


def test_a_program_survives_its_token() -> None:
    assert from_token(token(EVERYTHING)) == EVERYTHING


@pytest.mark.parametrize("word", ["", "x", "!!!", token(EVERYTHING)[:-9], token(EVERYTHING)[9:], "é"])
def test_a_damaged_token_says_so(word: str) -> None:
    with pytest.raises(ValueError, match="this replay token is damaged"):
        from_token(word)


async def _story(env: Env) -> None:
    one, other = await env.clients(2)
    await one.enqueue([Message(f"m{number}", "q", b"x", key=None) for number in range(6)])
    await one.enqueue([Message("late", "q", bytes(2000), after=3_600_000, priority=2, headers={"job": "x" * 60})])
    found = await other.reserve(["q"], limit=10, lease=60_000)
    await env.advance(90_000)
    await other.settle([Done(delivery.token) for delivery in found[:5]])
    await other.settle([RetryAt(found[5].token, after=0)])
    await one.counts("q")
    await one.peek("q", State.SCHEDULED)
    await one.get(["late"])
    await one.cancel(["late"])


def test_what_is_printed_runs_and_does_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    env = replay("inline", _story)
    first = capsys.readouterr().out
    code = program_source(env.trace, "inline")
    assert max(map(len, code.splitlines())) <= 100
    exec(compile(code, "printed", "exec"), {})  # noqa: S102  (that it runs is the question)
    assert capsys.readouterr().out == first


def test_what_is_printed_names_states_and_counts_ids(capsys: pytest.CaptureFixture[str]) -> None:
    code = program_source(replay("inline", _story).trace, "inline")
    assert "State.SCHEDULED" in code
    assert """[Message(f"m{n}", 'q', b'x') for n in range(6)]""" in code
    assert "b'\\x00' * 2_000" in code
    assert "r1 = await c2.reserve" in code


def test_a_timeline_speaks_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    lines = as_timeline(replay("inline", _story).trace).splitlines()
    assert lines[0] == "     +0 s  c1  enqueue  6 accepted" or "6: m0 ... m5" in lines[0]
    assert "late (after 60 min, priority 2) -> accepted" in lines[1]
    assert lines[3].endswith("--- the clock moves by 90 s")
    assert "m5 (delivery 1) to retry now -> settled" in lines[5]
    assert lines[6].endswith("1 scheduled, 1 ready")


async def _what_nobody_can_mean(env: Env) -> None:
    client = await env.client()
    for asks in (c_conduct._RESERVES, c_conduct._SETTLES, *c_conduct._BY_OPTION.values()):
        for ask in asks.values():
            with pytest.raises(ValueError, match="."):
                await ask(client)


def test_calls_that_nobody_can_mean_are_told_too() -> None:
    trace = replay("inline", _what_nobody_can_mean).trace
    told = as_timeline(trace)
    assert len(told.splitlines()) == len(trace.steps) - 1 > 20, "a line for each, but for the client's beginning"
    for asked in ("settle   'done'", "1 of q for -0.001 s", "to retry at no time", "delete   ''", "counts   ''"):
        assert asked in told
    assert "['done']" in program_source(trace, "inline")


async def _kept_between(env: Env) -> None:
    client = await env.client()
    await client.enqueue([Message("a", "q", b"x")])
    (held,) = await client.reserve(["q"], limit=1, lease=60_000)
    await client.extend([Extension(held.token, 60_000, b"page 7")])
    await client.pause("q")
    await client.settle([RetryAt(held.token, after=0)])
    await client.reserve(["q"], limit=1, lease=60_000)
    await client.resume("q")
    await client.reserve(["q"], limit=1, lease=60_000)
    await client.cell_get("c")
    await client.cell_set("c", b"x", 0)
    await client.cell_set("c", b"y", 0)
    await client.cell_get("c")


def test_what_is_kept_between_deliveries_is_told_and_runs(capsys: pytest.CaptureFixture[str]) -> None:
    env = replay("inline", _kept_between)
    told = capsys.readouterr().out
    assert [line.partition("c1")[2].strip() for line in told.splitlines()[2:]] == [
        "extend   a (delivery 1) by 60 s, checkpoint b'page 7' -> until +60 s",
        "pause    q -> done",
        "settle   a (delivery 1) to retry now -> settled",
        "reserve  1 of q for 60 s -> nothing",
        "resume   q -> done",
        "reserve  1 of q for 60 s -> granted a (attempt 2, checkpoint b'page 7') until +60 s",
        "cell_get c -> nothing",
        "cell_set c to b'x', expecting version 0 -> version 1",
        "cell_set c to b'y', expecting version 0 -> refused",
        "cell_get c -> b'x', version 1",
    ]
    exec(compile(program_source(env.trace, "inline"), "printed", "exec"), {})  # noqa: S102  (that it runs is the question)
    assert capsys.readouterr().out == told


@pytest.mark.realtime
def test_calls_at_once_become_tasks() -> None:
    from tests.broken.close_lets_them_wait import Harness

    finding = run(Harness(), "C2").findings["C2"]
    assert finding.failure is not None
    assert "t1 = asyncio.create_task(c1.reserve(" in finding.failure.program


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(0, "+0 s"), (1, "+0.001 s"), (90_000, "+90 s"), (120_000, "+2 min"), (3_660_000, "+61 min"), (-500, "-0.5 s")],
)
def test_spans(milliseconds: int, expected: str) -> None:
    assert span(milliseconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (State.READY, "State.READY"),
        ([1, 1, 1, 1, 1], "5 x 1"),
        ("x" * 1000, "'x' * 1_000"),
        (Message("a", "q", b"", at=1_700_000_000_000), "Message('a', 'q', b'', at=1_700_000_000_000)"),
        ({"a": [1]}, "{'a': [1]}"),
    ],
)
def test_brief(value: Any, expected: str) -> None:
    assert short_repr(value) == expected
