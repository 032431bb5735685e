"""Django's own tasks are jobs: ``task.job`` is what a test looks for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from helpdesk.models import Ticket
from helpdesk.tasks import note_attempt, report_open_tickets
from pytest_jobkit import Jobs


@pytest.mark.django_db
def test_a_task_is_enqueued_by_a_view(client: Client, jobs: Jobs) -> None:
    Ticket.objects.create(email="ada@example.org", subject="Where is my order?")
    answer = client.post("/report/", {"to": "chief@example.org"}).json()
    assert answer["status"] == "READY"
    entry = jobs.enqueued.only(report_open_tickets.job.call(to="chief@example.org").on("reports"))
    assert entry.id == answer["task"]
    (outcome,) = jobs.perform()
    assert outcome.value == 1
    assert mail.outbox[0].subject == "1 open tickets"


def test_it_may_be_put_off(jobs: Jobs) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    report_open_tickets.using(run_after=tomorrow, priority=100).enqueue("chief@example.org")
    assert report_open_tickets.job.partial().at(tomorrow).priority(9) in jobs.enqueued


async def test_it_knows_its_attempt(jobs: Jobs) -> None:
    await note_attempt.aenqueue("Where is my order?")
    (outcome,) = await jobs.aperform()
    assert outcome.value == "Where is my order?, attempt 1"
    outcome = await jobs.arun(note_attempt.job.call("Where is my order?"), attempt=3)
    assert outcome.value == "Where is my order?, attempt 3"
