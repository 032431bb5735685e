"""Real producers and workers as processes, in front of any queue: what becomes of its jobs while things go wrong."""
