"""What the helpdesk knows."""

from __future__ import annotations

from django.db import models


class Ticket(models.Model):
    """Somebody's question, and what has become of it."""

    email = models.EmailField()
    subject = models.CharField(max_length=200)
    answer = models.TextField(blank=True)
    escalated = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"
