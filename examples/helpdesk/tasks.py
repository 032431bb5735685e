"""Written as Django's own tasks, for code that should not know jobkit; performed by the same workers."""

from __future__ import annotations

from django.core.mail import send_mail

from helpdesk.models import Ticket

try:
    from django.tasks import TaskContext, task
except ImportError:  # before Django 6
    from django_tasks import TaskContext, task


@task(queue_name="reports")
def report_open_tickets(to: str) -> int:
    """Tell somebody how many questions are open."""
    count = Ticket.objects.filter(answer="").count()
    send_mail(f"{count} open tickets", "", None, [to])
    return count


@task(takes_context=True)
async def note_attempt(context: TaskContext, subject: str) -> str:
    return f"{subject}, attempt {context.attempt}"
