"""A small helpdesk on Django: tickets are acknowledged, answered, escalated. What can wait is a job."""
