"""Workers under test, and the backend with faults that they are given."""
