"""Plain functions and pytest-django's fixtures: these run on each backend that the run names."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import AsyncClient, Client

from helpdesk.jobs import acknowledge, escalate, send_answer
from helpdesk.models import Ticket
from pytest_jobkit import Jobs


@pytest.fixture
def ticket(transactional_db: None) -> Ticket:
    return Ticket.objects.create(email="ada@example.org", subject="Where is my order?")


async def test_an_asynchronous_view_awaits_its_enqueue(async_client: AsyncClient, ticket: Ticket, jobs: Jobs) -> None:
    answer = await async_client.post(f"/tickets/{ticket.pk}/answer/", {"answer": "On its way."})
    assert answer.json() == {"job": jobs.enqueued.only(send_answer.call(ticket.pk)).id}
    await jobs.aperform()
    assert [(each.subject, each.body) for each in mail.outbox] == [("Re: Where is my order?", "On its way.")]


async def test_a_ticket_that_is_gone_needs_no_answer(ticket: Ticket, jobs: Jobs) -> None:
    await send_answer.aenqueue(ticket.pk)
    await ticket.adelete()
    (outcome,) = await jobs.aperform()
    assert outcome.state == "discarded"
    assert mail.outbox == []


async def test_plain_jobs_see_the_same_database(ticket: Ticket, jobs: Jobs) -> None:
    await acknowledge.aenqueue(ticket.pk)
    await jobs.aperform()
    assert acknowledge.call(ticket.pk) in jobs.performed
    assert len(mail.outbox) == 1


def test_a_plain_view_under_the_test_client(client: Client, transactional_db: None, jobs: Jobs) -> None:
    client.post("/tickets/", {"email": "ada@example.org", "subject": "Where is my order?"})
    jobs.advance(days=2)
    assert [type(each.job).__name__ for each in jobs.performed] == ["Job", "Job"]
    assert jobs.performed == [acknowledge, escalate]
