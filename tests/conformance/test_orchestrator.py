"""How a play is conducted, with workers that exist in its log only."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from jobkit_conformance.history.event_log import Event, read
from jobkit_conformance.processes.orchestrator import MOMENT, Orchestrator
from jobkit_conformance.processes.plan import CALL, FIRST, LATE, Plan
from jobkit_conformance.processes.process_manager import ProcessManager
from jobkit_conformance.processes.system import Declared, SystemHarness
from jobkit_conformance.processes.task import Task


class Hand:
    """A worker's place, whose process is there until it is asked to stop."""

    generation, relay, restart_delay, stopped = 1, None, 0.0, False

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.process: object | None = object()

    def signal(self, number: object, *, group: bool) -> bool:
        self.process = None
        return group

    def fill(self) -> None: ...

    def end(self) -> None: ...


class Hands(ProcessManager):
    """``takes``: by the job's number among those offered at once, and its id, the place that takes it."""

    def __init__(self, system: SystemHarness, plan: Plan, folder: Path, takes: Callable[[int, str], int]) -> None:
        super().__init__(system, plan, folder)
        self.places = cast("Any", [Hand(slot) for slot in range(plan.workers)])
        self.offered: list[list[str]] = []
        self._takes = takes

    async def open(self) -> None: ...

    async def produce(self, tasks: Sequence[Task], pace: float = 0.0) -> int:
        self.offered.append([task.id for task in tasks])
        for number, task in enumerate(tasks):
            place = self.places[self._takes(number, task.id)]
            self.note("offered", id=task.id)
            self.note("accepted", id=task.id)
            self.note("start", place, id=task.id)
            self.note("end", place, id=task.id)
        return 0

    async def close(self) -> None:
        os.close(self._file)


class Nothing(SystemHarness):
    declared = Declared(lease=1.0)


PLAN = Plan([Task("a", 10), Task("b", 10)], gathered=True)


async def conducted(folder: Path, takes: Callable[[int, str], int]) -> tuple[list[list[str]], list[Event]]:
    """What was offered together, and the log."""
    crew = Hands(Nothing(), PLAN, folder, takes)
    await Orchestrator(Nothing(), PLAN, crew).perform()
    return crew.offered, read(crew.log)


def turns(offered: Sequence[Sequence[str]], of: str) -> int:
    """How many times such jobs were offered."""
    return sum(ids[0].startswith(of) for ids in offered)


async def test_in_turn_all_are_heard_the_jobs_are_done_and_all_are_called(tmp_path: Path) -> None:
    offered, events = await conducted(tmp_path, lambda number, _: number // 2 % 2)
    kinds = ["first-up0", "a", "roll-up0", "roll0"]
    assert [ids[0].partition(".")[0] for ids in offered] == kinds
    assert [event.what for event in events if event.id == ""] == ["calm", "term", "term", "over"]


async def test_no_job_is_offered_before_everybody_was_heard(tmp_path: Path) -> None:
    def takes(number: int, id: str) -> int:
        return 0 if id.startswith((f"{FIRST}-up0", f"{FIRST}-up1")) else number % 2

    offered, _ = await conducted(tmp_path, takes)
    assert [ids[0].partition(".")[0] for ids in offered][:4] == ["first-up0", "first-up1", "first-up2", "a"]


async def test_who_was_heard_before_the_first_job_is_waited_for_at_the_roll_call(tmp_path: Path) -> None:
    def takes(number: int, id: str) -> int:
        return 0 if id.startswith(f"{CALL}-up0") else number % 2

    offered, _ = await conducted(tmp_path, takes)
    assert turns(offered, f"{CALL}-up") == 2


async def test_a_roll_call_is_repeated_until_everybody_had_a_job_longer_than_a_lease(tmp_path: Path) -> None:
    def takes(number: int, id: str) -> int:
        """At the first roll call the second one has the short jobs only, which are every other one."""
        return number % 2 if id.startswith("roll0.") else number // 2 % 2

    offered, _ = await conducted(tmp_path, takes)
    assert turns(offered, "roll0.") == turns(offered, "roll1.") == 1
    assert turns(offered, "roll2.") == 0


async def test_who_had_none_of_them_twice_is_not_waited_for_any_longer(tmp_path: Path) -> None:
    def takes(number: int, id: str) -> int:
        return number % 2 if id.startswith("roll-up") or not id.startswith(CALL) else 0

    offered, _ = await conducted(tmp_path, takes)
    assert [turns(offered, f"roll{turn}.") for turn in range(3)] == [1, 1, 0]


class Looking(SystemHarness):
    """A store that can be asked."""

    declared = Declared(lease=1.0, attempts=2)

    async def left(self, ids: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(ids, "dead")


@pytest.mark.parametrize(
    ("how", "starts", "rest"), [("kills", 2, MOMENT), ("kills", 1, 1.0 + LATE), ("work", 2, 1.0 + LATE)]
)
async def test_only_who_has_killed_as_many_workers_as_it_may_is_asked_about_at_once(
    tmp_path: Path, how: Literal["kills", "work"], starts: int, rest: float
) -> None:
    system, plan = Looking(), Plan([Task("a", 10, how=how)])
    conductor = Orchestrator(system, plan, Hands(system, plan, tmp_path, lambda *_: 0))
    conductor._missing = {"a"}
    for _ in range(starts):
        conductor.crew.note("start", conductor.crew.places[0], id="a")
    conductor._look()
    assert conductor._rest == rest
    conductor._reader.close()
    await conductor.crew.close()
