"""What a run is told of chaos: its command line options and ini key. Light: read in every run."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_jobkit.chaos import config as wish

if TYPE_CHECKING:
    from collections.abc import Callable

USUAL_RUNS = 60


@dataclass(frozen=True)
class Flags:
    """``all``: every test that uses jobs, not only those marked. ``runs``, ``faults``: None leaves it to the test."""

    all: bool = False
    runs: int | None = None
    faults: tuple[str, ...] | None = None
    replay: str | None = None
    seed: int = 0
    usual_runs: int = USUAL_RUNS


def add(parser: pytest.Parser, group: Any) -> None:
    group.addoption(
        "--jobkit-chaos",
        metavar="RUNS",
        nargs="?",
        const=True,
        default=None,
        type=_number("runs", wish.runs),
        help="run each test that uses jobs so many times (60, if no number is given: see jobkit_chaos_runs), with jobs "
        "delivered twice, late, in another order, and by workers that die: is the app idempotent?",
    )
    group.addoption(
        "--jobkit-faults",
        metavar="FAULT[,FAULT...]",
        default=None,
        help=f"what chaos lets go wrong: {', '.join(wish.FAULTS)} (all but {wish.REFUSE} unless said)",
    )
    group.addoption(
        "--jobkit-replay",
        metavar="TOKEN",
        default=None,
        help="run the test once, with exactly what chaos found: such as duplicate:charge, as a failure prints it",
    )
    group.addoption(
        "--jobkit-chaos-seed",
        metavar="N",
        default=0,
        type=_number("a seed", int),
        help="another number lets chaos try other schedules; with the same one a test always meets the same",
    )
    parser.addini("jobkit_chaos_runs", f"how many runs a test under chaos has ({USUAL_RUNS})", default=str(USUAL_RUNS))


def read(config: pytest.Config) -> Flags:
    """What the run was told; `pytest.UsageError` for what can't be meant."""
    told: list[Any] = [config.getoption(f"--jobkit-{name}") for name in ("chaos", "faults", "replay", "chaos-seed")]
    runs, faults, replay, seed = told
    return Flags(
        all=runs is not None or replay is not None,
        runs=None if runs is True else runs,
        faults=None if faults is None else _checked("--jobkit-faults", lambda: wish.faults(faults.split(","))),
        replay=None if replay is None else _checked("--jobkit-replay", lambda: _readable(replay)),
        seed=seed,
        usual_runs=_checked("jobkit_chaos_runs", lambda: wish.runs(int(config.getini("jobkit_chaos_runs")))),
    )


def _readable(token: str) -> str:
    from pytest_jobkit.chaos.fault import schedule_of

    schedule_of(token)
    return token


def _checked(name: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except ValueError as error:
        raise pytest.UsageError(f"{name}: {error}") from None


def _number(what: str, check: Callable[[int], int]) -> Callable[[str], int]:
    """A path that follows an option with nothing behind it is taken for its value: say how it is meant."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no number of {what}: write --jobkit-chaos=60, or put the option behind the paths"
                if what == "runs"
                else f"{text!r} is not {what}, which is a whole number"
            ) from None
        try:
            return check(number)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert
