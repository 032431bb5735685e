"""Each test has its own jobs, and nothing of it stays."""

from __future__ import annotations

import gc

import pytest

from jobkit.backends.inline import backend as inline
from jobkit.connections.clients import Clients
from tests.plugin.conftest import Project

BACKENDS = pytest.mark.parametrize("backend", ["inline", "fakeredis"])


@BACKENDS
def test_a_test_sees_only_its_own_jobs(project: Project, backend: str) -> None:
    project.passes(
        """
        def test_one(jobs):
            remind.using(key="k", id="same").enqueue(1)
            assert len(jobs.enqueued) == 1 and remind in jobs.enqueued

        def test_two(jobs):
            assert jobs.enqueued == []
            assert remind.using(key="k", id="same").enqueue(2)
            jobs.perform()
            assert done == [("remind", 2)]
        """,
        f"--jobkit-backend={backend}",
    )


def test_no_test_reaches_production(project: Project) -> None:
    project.passes("""
        from jobkit.connections.resolver import is_overridden

        def factory(url, namespace, clock):
            raise AssertionError("production")

        live = jobkit.App(factory, namespace="live")
        live.queue("own", backend=factory)

        @live.job(name="work")
        def work() -> None:
            done.append("work")

        @live.job(name="work_too", queue="own")
        async def work_too() -> None:
            done.append("work_too")

        def test_with_the_fixture(jobs):
            work.enqueue()
            work_too.enqueue()
            jobs.perform()
            assert done == ["work", "work_too"]

        async def test_without():
            assert is_overridden()
            await work.aenqueue()
            assert done == []

        def test_no_backend_is_no_warning(jobs):
            bare = jobkit.App()
            @bare.job(name="bare")
            def nothing() -> None: ...
            nothing.enqueue()
            jobs.perform()
            assert nothing in jobs.performed
    """)


def test_sources_that_differ_do_not_meet(project: Project) -> None:
    project.passes("""
        apps = {
            "a": jobkit.App("redis://one"),
            "b": jobkit.App("redis://two"),
            "c": jobkit.App("redis://one", namespace="x"),
        }

        @pytest.fixture
        def same():
            made = []
            for name, app in apps.items():
                @app.job(name="same")
                def same(name: str) -> None:
                    done.append(name)
                made.append((same, name))
            return made

        def test_it(jobs, same):
            for job, name in same:
                assert job.using(key="k", id="same").enqueue(name)
            assert len({entry.source.namespace for entry in jobs.enqueued}) == 3
            jobs.perform()
            assert done == ["a", "b", "c"]

        def test_apps_on_the_same_one_share_it(jobs):
            first, second = jobkit.App("redis://one"), jobkit.App("redis://one")
            @first.job(name="one")
            def one() -> None: ...
            @second.job(name="two")
            def two() -> None: ...
            assert one.using(key="k").enqueue()
            assert not two.using(key="k").enqueue()
            jobs.perform()
    """)


def test_nothing_stays(project: Project) -> None:
    memories, known = len(inline._memories), _clients()
    project.run("""
        @pytest.mark.parametrize("n", range(20))
        def test_plain(n, jobs):
            send_welcome.enqueue(1)
            jobs.perform()

        @pytest.mark.parametrize("n", range(20))
        async def test_asynchronous(n, jobs):
            await send_welcome.aenqueue(1)
            await jobs.aperform()
    """).assert_outcomes(passed=40)
    assert len(inline._memories) == memories
    gc.collect()
    assert _clients() - known <= 2


def _clients() -> int:
    return sum(isinstance(each, Clients) for each in gc.get_objects())


@BACKENDS
def test_clients_are_closed_on_their_loops(project: Project, backend: str) -> None:
    project.write(
        "watched.py",
        """
        import asyncio
        from jobkit.connections import resolver as sources

        closed = []

        def watch(name):
            found = sources.find(name, "watched")
            def factory(url, namespace, clock):
                backend = found.factory(found.url, namespace, clock)
                close = backend.close
                async def closing():
                    closed.append((backend, asyncio.get_running_loop()))
                    await close()
                backend.close = closing
                return backend
            return factory
        """,
    )
    project.write("watches.py", f"import watched\nfactory = watched.watch({backend!r})\n")
    project.passes(
        """
        import asyncio, watched

        loops = []

        @pytest.mark.asyncio(loop_scope="module")
        async def test_on_a_loop_that_goes_on(jobs):
            loops.append(asyncio.get_running_loop())
            await send_welcome.aenqueue(1)
            await jobs.aperform()
            assert [loop for _, loop in watched.closed if loop is loops[0]] == []  # the header had asked one, elsewhere

        @pytest.mark.asyncio(loop_scope="module")
        async def test_it_was_closed_there():
            assert asyncio.get_running_loop() is loops[0]
            here = [backend for backend, loop in watched.closed if loop is loops[0]]
            assert len(here) == 2
            watched.closed.clear()

        def test_in_a_loop_of_its_own(jobs):
            async def main():
                await send_welcome.aenqueue(1)
                await jobs.aperform()
            asyncio.run(main())
            assert len(watched.closed) == 2
        """,
        "--jobkit-backend=watches:factory",
    )


def test_a_backend_without_wipe_is_emptied_by_id(project: Project) -> None:
    project.write(
        "kept.py",
        """
        from jobkit.backends.inline.backend import InlineBackend, Memory

        memory = Memory()

        class Kept(InlineBackend):
            wipe = None

        def factory(url, namespace, clock):
            return Kept(memory, clock)
        """,
    )
    project.passes(
        """
        def test_one(jobs):
            remind.enqueue(1)
            place_order(2)
            charge.enqueue(14)
            with pytest.raises(ValueError):
                jobs.perform()
            jobs.ignore(remind)

        def test_two(jobs):
            import kept
            assert kept.memory.store.queues() == []
        """,
        "--jobkit-backend=kept:factory",
    )


def test_jobs_outside_of_tests_are_kept_apart(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import pytest
        import shop

        def pytest_collection_finish():
            shop.remind.enqueue(1)

        def pytest_runtest_logfinish():
            shop.remind.enqueue(2)
        """,
    )
    project.passes("""
        def test_one(jobs):
            assert jobs.enqueued == []

        def test_two(jobs):
            assert jobs.enqueued == []
            jobs.perform()
            assert done == []
    """)


def test_jobs_that_a_test_sends_elsewhere_are_not_its_own(project: Project) -> None:
    project.passes("""
        from jobkit.connections import resolver as sources
        from jobkit.backends.inline import InlineBackend

        def test_it(jobs):
            remind.enqueue(1)
            backend = InlineBackend()
            elsewhere = jobkit.App(lambda *_: InlineBackend(backend.memory))
            @elsewhere.job(name="other")
            def other() -> None: ...
            restore = sources.override_backends(None)
            try:
                other.enqueue()
            finally:
                restore()
            assert jobs.enqueued == [remind.call(1)]
            assert backend.memory.store.queues() == ["default"]
    """)


@pytest.mark.realtime
def test_without_the_plugin_nothing_is_redirected(project: Project) -> None:
    project.apart(
        """
        from jobkit.connections.resolver import is_overridden

        def test_it():
            assert not is_overridden()
        """,
        "-p",
        "no:jobkit",
    ).assert_outcomes(passed=1)


def test_after_the_run_nothing_is_redirected(project: Project) -> None:
    from jobkit import events, redaction
    from jobkit.connections import resolver

    restores = [redaction.show_arguments(shown=False), resolver.override_backends(None)]
    observers = list(events.observers)
    project.passes("def test_it(jobs): assert not jobs.enqueued")
    after = (resolver.is_overridden(), events.observers, redaction.redacted(1))
    for restore in reversed(restores):
        restore()
    assert after == (False, observers, "<int>")
