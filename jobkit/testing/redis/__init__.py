"""Test support for the Redis backend."""
