"""Checkers: functions from a history to verdicts."""
