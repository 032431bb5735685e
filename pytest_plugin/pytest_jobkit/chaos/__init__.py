"""Chaos: does an app survive what a backend may do to it? Loaded only for tests that ask."""
