"""What a run is made of: examples, machines, several clients at once, and processes."""
