"""Declared jobs, calls and queues."""
