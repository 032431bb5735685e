"""Features that a run may ask for: payloads, coverage, diff."""
