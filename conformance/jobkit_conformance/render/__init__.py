"""Programs and histories as code, text and drawings."""
