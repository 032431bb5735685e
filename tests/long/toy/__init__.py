"""Somebody else's package: a backend for jobkit, written by the guide."""
