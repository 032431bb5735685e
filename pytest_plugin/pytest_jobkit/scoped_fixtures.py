"""Fixtures of a class, a module, a package or the session: the jobs that they enqueue are theirs, and no test's."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_jobkit.case import Case
    from pytest_jobkit.marker import MarkerOptions


@dataclass
class ScopedFixture:
    """One such fixture, from its setup to its end. ``case``: once it touched a job."""

    name: str
    scope: str
    marks: MarkerOptions
    path: object
    case: Case | None = None
    mistake: str = ""
    """What was a mistake in its setup."""
    failed: bool = False
    """Whether its setup failed by itself, which wins over its mistakes."""

    @contextmanager
    def setup(self) -> Generator[None]:
        """Fail for what would fail a test, if nothing else failed."""
        __tracebackhide__ = True
        self.failed = True
        yield
        self.failed = False
        self.check()

    def check(self) -> None:
        """Fail for what is a mistake and was not said yet."""
        __tracebackhide__ = True
        if self.case is None or self.failed:
            return
        from pytest_jobkit.failing.strictness import mistakes

        text = "\n".join(mistakes(self.case, self.path))
        if text and text != self.mistake:
            self.mistake = text
            pytest.fail(text, pytrace=False)

    def sections(self) -> list[tuple[str, str]]:
        """What a failing test shows of it."""
        if self.case is None or self.case.silent:
            return []
        from pytest_jobkit.failing.jobs_section import sections

        owner = f"the setup of the {self.scope}" if self.name.startswith("_") else f"{self.name} ({self.scope})"
        return [(f"{title} of {owner}", text) for title, text in sections(self.case)]


class ScopedFixtures:
    """Those fixtures that are set up, in their order."""

    def __init__(self) -> None:
        self._stays: list[ScopedFixture] = []
        self._ended: list[Case] = []
        self.current: ScopedFixture | None = None
        """The one that is being set up or torn down right now."""

    def add(self, stay: ScopedFixture) -> None:
        self._stays.append(stay)

    def end(self, stay: ScopedFixture) -> None:
        """It is torn down: its jobs are removed."""
        __tracebackhide__ = True
        self._stays.remove(stay)
        try:
            stay.check()
        finally:
            if stay.case is not None:
                self._ended.append(stay.case)
                stay.case.close()

    def of(self, item: pytest.Item) -> Iterator[ScopedFixture]:
        """Those that a test uses."""
        names: Any = getattr(item, "fixturenames", ())
        return (stay for stay in self._stays if stay.name in names)

    def ended(self) -> list[Case]:
        """The cases of those that came to their end since this was asked."""
        found, self._ended = self._ended, []
        return found


STAYS: pytest.StashKey[ScopedFixtures] = pytest.StashKey()
