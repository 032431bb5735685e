"""Test support for the SQLite backend."""
