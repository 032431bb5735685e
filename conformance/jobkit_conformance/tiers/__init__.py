"""What a run is made of: examples, machines, and the simulation of several clients."""
