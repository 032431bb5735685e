"""Bridges from what happens in this process to what watches it: Prometheus, OpenTelemetry."""
