"""``jobs.perform_one`` and its twin."""

from __future__ import annotations

from tests.plugin.conftest import Project


def test_exactly_one(project: Project) -> None:
    project.passes("""
        def test_the_first(jobs):
            send_welcome.enqueue(1)
            remind.enqueue(1)
            outcome = jobs.perform_one()
            assert outcome.entry.job is send_welcome
            assert done == [("send_welcome", 1)]
            assert jobs.pending == [remind, push_crm]

        def test_the_first_like_this(jobs):
            remind.enqueue(1)
            remind.enqueue(2)
            assert jobs.perform_one(remind.call(2)).entry.args == {"order_id": 2}
            assert done == [("remind", 2)]
            jobs.perform()

        async def test_the_twin(jobs):
            await remind.aenqueue(1)
            await audit.aenqueue("a")
            assert (await jobs.aperform_one(audit)).state == "succeeded"
            assert done == [("audit", "a")]
            await jobs.aperform()

        def test_its_error_leaves(jobs):
            charge.enqueue(14)
            with pytest.raises(ValueError, match="bad order"):
                jobs.perform_one(charge)
    """)


def test_none_is_an_error(project: Project) -> None:
    project.passes("""
        def test_nothing_pending(jobs):
            with pytest.raises(AssertionError, match="no job is due: nothing is pending"):
                jobs.perform_one()

        def test_nothing_due(jobs):
            place_order(7)
            with pytest.raises(AssertionError) as raised:
                jobs.perform_one(remind)
            assert str(raised.value).splitlines() == [
                "no remind is due", "#1 remind(order_id=7), enqueued at shop.py:50, pending, due in 1 day, 0:00:00"
            ]
            jobs.ignore(remind)

        async def test_nothing_like_it(jobs):
            await remind.aenqueue(1)
            with pytest.raises(AssertionError, match=r"no remind.call\\(order_id=2\\) is due"):
                await jobs.aperform_one(remind.call(2))
            jobs.ignore(remind)
    """)
