"""Recurring jobs and the times at which they are due."""
