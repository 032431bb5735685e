"""The apps' faults are found with ten seeds each; the mended apps live through five hundred schedules each."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project, project  # noqa: F401 - the fixture
from tests.plugin.test_chaos_apps import TESTS, check_found, run

pytestmark = pytest.mark.realtime


@pytest.mark.parametrize("app", TESTS)
def test_the_fault_is_found_with_any_seed(project: Project, app: str) -> None:  # noqa: F811 - the fixture
    check_found(project, app, seeds=10)


@pytest.mark.parametrize("app", TESTS)
def test_five_hundred_schedules(project: Project, app: str) -> None:  # noqa: F811 - the fixture
    result = run(project, app, f"{app}_fixed", "--jobkit-chaos=503")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["chaos: 1 test survived 500 schedules"])


@pytest.mark.parametrize("app", TESTS)
@pytest.mark.parametrize("backend", ["fakeredis", "sqlite"])
def test_a_hundred_on_other_backends(project: Project, app: str, backend: str) -> None:  # noqa: F811 - the fixture
    result = run(project, app, f"{app}_fixed", "--jobkit-chaos=103", f"--jobkit-backend={backend}")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["chaos: 1 test survived 100 schedules"])
