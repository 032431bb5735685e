"""Backends by URL, and one client for each event loop."""
