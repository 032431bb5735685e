"""Tests that fail under chaos, or that chaos refuses: what they print is golden, see ``test_golden.py``."""

from __future__ import annotations

from collections.abc import Mapping

from tests.plugin.failure import Failure

CHAOS: Mapping[str, Failure] = {
    "chaos-duplicate": Failure(
        "Chaos: a job is delivered twice",
        """
        push_crm.enqueue(7)
        jobs.perform()
        assert len(done) == 1
        """,
        mark="chaos=True",
    ),
    "chaos-crash-after": Failure(
        "Chaos: a worker dies after its job has run",
        """
        send_welcome.enqueue(7)
        jobs.perform()
        assert jobs.enqueued.count(push_crm) == 1
        """,
        mark="chaos=['crash-after']",
    ),
    "chaos-crash-before": Failure(
        "Chaos: a worker dies before its job has run",
        """
        push_crm.enqueue(7)
        audit.enqueue("pushed")
        jobs.perform()
        assert done[0] == ("push_crm", 7)
        """,
        mark="chaos=['crash-before']",
    ),
    "chaos-reorder": Failure(
        "Chaos: jobs that are due together change places",
        """
        push_crm.enqueue(7)
        audit.enqueue("pushed")
        jobs.perform()
        assert done[0] == ("push_crm", 7)
        """,
        mark="chaos=['reorder']",
    ),
    "chaos-delay": Failure(
        "Chaos: a job comes late",
        """
        place_order(7)
        charge.enqueue(7)
        jobs.advance(days=1)
        assert done == [("charge", 7), ("remind", 7)]
        """,
        mark="chaos=['delay']",
    ),
    "chaos-refuse": Failure(
        "Chaos: an enqueue finds no broker",
        """
        sign_up(7)
        jobs.perform()
        """,
        mark="chaos=['refuse']",
    ),
    "chaos-two": Failure(
        "Chaos: it takes two faults",
        """
        push_crm.enqueue(7)
        audit.enqueue("pushed")
        jobs.perform()
        twice = done.count(("push_crm", 7)) > 1
        assert not (twice and done[0] == ("audit", "pushed"))
        """,
        mark="chaos=['duplicate', 'reorder']",
    ),
    "chaos-others": Failure(
        "Chaos: it fails in several ways",
        """
        push_crm.enqueue(7)
        audit.enqueue("pushed")
        jobs.perform()
        assert done[0] == ("push_crm", 7)
        if done.count(("push_crm", 7)) > 1:
            raise LookupError("7 is there already")
        """,
        mark="chaos=['duplicate', 'reorder']",
    ),
    "chaos-sweep": Failure(
        "Chaos: a worker dies in the middle of its job",
        """
        send_welcome.enqueue(7)
        jobs.perform()
        assert jobs.enqueued.count(push_crm) == 1
        """,
        mark="chaos='sweep'",
    ),
    "chaos-differs": Failure(
        "Chaos: the test's runs differ by themselves",
        """
        shop.run = getattr(shop, "run", 0) + 1
        push_crm.enqueue(7)
        if shop.run % 2:
            audit.enqueue("now and then")
        jobs.perform()
        """,
        mark="chaos=True",
    ),
    "chaos-outlives": Failure(
        "Chaos: something outlives the test",
        """
        shop.pushed = [*getattr(shop, "pushed", []), 7]
        push_crm.enqueue(7)
        jobs.perform()
        assert shop.pushed == [7]
        """,
        mark="chaos=True",
    ),
    "chaos-idle": Failure(
        "Chaos: there is nothing to act on",
        """
        push_crm.enqueue(7)
        assert push_crm.call(7) in jobs.enqueued
        """,
        mark="chaos=True",
    ),
}
