"""Several processes of pytest-xdist: what each of them learned becomes one answer."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_payloads import stored

pytestmark = pytest.mark.realtime


def test_outcomes_coverage_and_payloads_of_all_processes_are_put_together(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.parametrize("n", range(10))
        def test_passes(jobs, n):
            (remind if n % 2 else audit).enqueue(*([n] if n % 2 else ["x" * n]))
            jobs.perform()
            assert len(done) == 1

        def test_fails(jobs):
            remind.enqueue(1)
            assert remind.call(2) in jobs.enqueued

        @pytest.mark.jobkit(needs=["results"])
        def test_lacks(jobs):
            raise AssertionError
        """,
        *("-n2", "--jobkit-backend=inline,fakeredis", "--jobkit-coverage", "--jobkit-payloads=record"),
    )
    result.assert_outcomes(passed=20, failed=2, skipped=2)
    result.stdout.fnmatch_lines(["E*closest is #1, enqueued at test_it.py:19, with 0 of 1 equal"])
    result.stdout.fnmatch_lines(["*Captured jobs*", "#1 remind(order_id=1)*"])
    result.stdout.fnmatch_lines(
        [
            "backend    passed  failed  skipped",
            "inline         10       1        1",
            "    lacks results: test_it.py::test_lacks[[]inline[]]",
            "fakeredis      10       1        1",
            "    lacks results: test_it.py::test_lacks[[]fakeredis[]]",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "job                enqueued  performed  failed  retried  delivered twice   (tests)",
            "shop.audit               10         10       -        -                -",
            "shop.remind              12         10       -        -                -",
            "performed by tests: 2 of 5 jobs (40%)*",
        ]
    )
    assert stored(project, "shop.remind")[0]["body"] == {"order_id": 1}
    assert stored(project, "shop.audit")[0]["body"] == {"action": ""}


def test_each_process_has_a_server_of_its_own(project: Project) -> None:
    result = project.run(
        """
        import os
        from pathlib import Path

        @pytest.mark.parametrize("n", range(6))
        def test_it(jobs, n, request):
            from pytest_jobkit.session import RUN
            place_order(n)
            jobs.advance(days=1)
            assert done == [("remind", n)]
            server = request.config.stash[RUN].choice("redis").server
            with Path("servers.txt").open("a") as file:
                file.write(f"{os.getpid()} {server.port}\\n")
        """,
        "-n2",
        "--jobkit-backend=redis",
    )
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["jobkit: redis (/*-server, each worker starts its own)"])
    pairs = {tuple(line.split()) for line in (project.path / "servers.txt").read_text().splitlines()}
    assert len(pairs) == len({process for process, _ in pairs}) == len({port for _, port in pairs}) == 2
