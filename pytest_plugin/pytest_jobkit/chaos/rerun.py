"""Running one item again and again, each time with fresh function fixtures; those of wider scope stay."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

_PASSING = (pytest.exit.Exception, KeyboardInterrupt)
"""What ends the whole run of tests."""


class RerunnableItem:
    """An item that is run many times. Nothing of these runs is reported, captured output and warnings included."""

    def __init__(self, item: pytest.Function) -> None:
        self._item: Any = item
        self._properties = list(item.user_properties)
        self._warned: list[warnings.WarningMessage] = []
        self.met_subtests = False
        """Of unittest: pytest reports each at once, so that none of these runs would go unseen."""

    def refresh(self) -> None:
        """As if the item had not been run."""
        item = self._item
        item._initrequest()  # noqa: SLF001 - as whoever runs an item again has to
        item._report_sections.clear()  # noqa: SLF001 - what was captured is kept nowhere else
        item.user_properties[:] = self._properties
        if isinstance(item.parent, pytest.Class):
            item.__dict__.pop("_instance", None)
            item._obj = None  # noqa: SLF001 - pytest makes both anew

    def shown(self, nextitem: pytest.Item | None) -> None:
        """Run it as pytest itself does."""
        from _pytest.runner import runtestprotocol  # no public name; whoever runs an item again calls it

        runtestprotocol(self._item, nextitem=nextitem)

    def first_run(self) -> list[pytest.TestReport]:
        """Run it as pytest itself does, but let nobody see it yet."""
        from _pytest.runner import runtestprotocol

        with warnings.catch_warnings(record=True) as warned:
            reports = runtestprotocol(self._item, log=False, nextitem=self._item.parent)
        self._warned = warned
        return reports

    def report(self, reports: Sequence[pytest.TestReport], nextitem: pytest.Item | None) -> None:
        """Let the first be seen after all; fixtures of wider scope end now, where no other test needs them."""
        hooks, session = self._item.ihook, self._item.session
        for each in self._warned:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno, source=each.source)
        stops = session.shouldfail or session.shouldstop
        ending = pytest.CallInfo[object].from_call(
            lambda: session._setupstate.teardown_exact(None if stops else nextitem),  # noqa: SLF001 - no public name
            "teardown",
            reraise=_PASSING,
        )
        last = hooks.pytest_runtest_makereport(item=self._item, call=ending)
        for report in (*reports, *([last] if ending.excinfo is not None else [])):
            hooks.pytest_runtest_logreport(report=report)

    def run_once(self) -> None:
        """Run it: setup, call, teardown."""
        self.refresh()
        self._item.repr_failure = str  # nobody reads how it looks, and making that takes longer than the run
        self._item.addSubTest = self._meet_subtest
        try:
            with warnings.catch_warnings(record=True):  # what its own filters make errors is raised all the same
                if self._phase("setup"):
                    self._phase("call")
                self._phase("teardown", nextitem=self._item.parent)
        finally:
            del self._item.repr_failure, self._item.addSubTest
            self._item._request, self._item.funcargs = False, None  # noqa: SLF001 - as pytest itself does

    def _meet_subtest(self, *_: object) -> None:
        self.met_subtests = True

    def _phase(self, when: Literal["setup", "call", "teardown"], **further: object) -> bool:
        """Whether it ended well; through the hooks, the report's included, since fixtures look at what it says."""
        hooks = self._item.ihook
        hook = getattr(hooks, f"pytest_runtest_{when}")

        def run() -> object:
            return hook(item=self._item, **further)

        call = pytest.CallInfo[object].from_call(run, when, reraise=_PASSING)
        hooks.pytest_runtest_makereport(item=self._item, call=call)
        return call.excinfo is None
