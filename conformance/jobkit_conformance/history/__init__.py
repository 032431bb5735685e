"""Histories: recorded calls, answers and events."""
