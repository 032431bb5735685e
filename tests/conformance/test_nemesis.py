"""What the kit does to the processes of a play."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobkit_conformance.processes import nemesis
from jobkit_conformance.processes.plan import Fault


class Place:
    """A worker's, whose process does nothing."""

    generation, stopped, process = 1, False, object()

    def __init__(self) -> None:
        self.signals: list[str] = []

    def signal(self, number: Any, *, group: bool) -> bool:
        self.signals.append(number.name)
        return group


def trouble_with(started: Any) -> nemesis.Nemesis:
    crew = SimpleNamespace(note=lambda *_, **__: 0.0)
    return nemesis.Nemesis(cast("Any", None), cast("Any", crew), started)


async def test_who_stands_still_does_so_until_the_job_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nemesis, "SLOWER", 1e9)
    place, asked, begun = Place(), asyncio.Event(), False

    def started(nth: int) -> bool:
        assert nth == 3
        asked.set()
        return begun

    doing = asyncio.create_task(trouble_with(started).do(Fault("stop", 1, 0.001, outlasts=3), cast("Any", place)))
    await asyncio.wait_for(asked.wait(), 10)
    assert place.signals == ["SIGSTOP"]
    begun = True
    await asyncio.wait_for(doing, 10)
    assert place.signals == ["SIGSTOP", "SIGCONT"]


@pytest.mark.realtime
async def test_a_job_that_never_starts_is_not_waited_for_for_ever() -> None:
    place = Place()
    await asyncio.wait_for(trouble_with(lambda _: False).do(Fault("stop", 1, 0.01, outlasts=3), cast("Any", place)), 10)
    assert place.signals == ["SIGSTOP", "SIGCONT"]
