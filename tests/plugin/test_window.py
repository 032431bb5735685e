"""``jobs.window``: only what happens inside."""

from __future__ import annotations

from tests.plugin.conftest import Project


def test_a_window_shows_what_happens_inside(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            push_crm.enqueue(1)
            charge.enqueue(13)
            with jobs.window() as window:
                assert window.enqueued == []
                remind.enqueue(2)
                place_order(3)
                assert window.enqueued == [remind.call(2), remind.call(3)]
                jobs.perform()
            assert window.enqueued == [remind.call(2), remind.call(3)]
            assert window.pending == [remind.call(3)]
            assert window.performed == [push_crm.call(1), remind.call(2)]
            assert window.failed == [charge.call(13)] and window.dead == []

        def test_it_freezes_at_its_end(jobs):
            with jobs.window() as window:
                remind.enqueue(1)
            remind.enqueue(2)
            jobs.perform()
            assert window.enqueued == [remind.call(1)]
            assert window.pending == [remind.call(1)] and window.performed == []

        def test_nothing_happened(jobs):
            remind.enqueue(1)
            with jobs.window() as window:
                pass
            assert window.enqueued == [] and jobs.enqueued == [remind]

        def test_the_dead_inside(jobs):
            charge.enqueue(14)
            with jobs.window() as window, pytest.raises(ValueError):
                jobs.perform()
            assert window.dead == [charge.call(14)] == jobs.dead
            assert window.dead.on("default").only().error is window.failed[0].error
    """)
