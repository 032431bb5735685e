"""What happened to the jobs of a test, and how a test reads it: entries on a tape, logs of them, what is looked for."""
