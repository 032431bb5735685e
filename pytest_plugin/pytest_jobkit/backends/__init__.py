"""The backends that a run was told to use: opened, kept apart from other runs, and counted in the summary."""
