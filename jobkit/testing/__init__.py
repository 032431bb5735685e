"""Test support: harnesses, private servers and simulated stores. No other package imports it."""
