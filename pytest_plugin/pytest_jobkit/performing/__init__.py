"""Performing as a worker would, when the test says so: what is due, in which order, inside of which clock."""
