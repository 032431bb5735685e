"""``app.post``: in a test, what is stored in the background elsewhere is there when the call returns."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project


@pytest.mark.parametrize("backend", ["inline", "fakeredis"])
def test_it_is_recorded_like_any_other(project: Project, backend: str) -> None:
    project.passes(
        """
        def test_from_plain_code(jobs):
            app.enqueue_in_background(push_crm.call(1), remind.using(delay=60).call(2))
            assert jobs.enqueued == [push_crm.call(1), remind.call(2).after(60)]
            assert jobs.enqueued[0].site is not None
            jobs.advance(minutes=1)
            assert jobs.performed == [push_crm, remind]

        async def test_from_asynchronous_code(jobs):
            app.enqueue_in_background(push_crm.call(1))
            assert push_crm.call(1) in jobs.enqueued
            await jobs.aperform()

        def test_inside_of_inline(jobs):
            with jobs.inline():
                app.enqueue_in_background(push_crm.call(1))
                assert push_crm in jobs.performed

        def test_an_outage_is_outwaited(jobs):
            with jobs.broker_down(at=2):
                app.enqueue_in_background(push_crm.call(1))
                remind.enqueue(2)
                with pytest.raises(jobkit.BackendUnavailable):
                    remind.enqueue(3)
                app.enqueue_in_background(push_crm.call(4))
            assert jobs.enqueued == [push_crm.call(1), remind.call(2), push_crm.call(4)]
            jobs.perform()
        """,
        f"--jobkit-backend={backend}",
    )
